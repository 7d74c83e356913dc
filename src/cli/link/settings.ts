/**
 * What a user may tell a faulty link, read and checked.
 */
import { UsageError } from '../terminal.ts'
import type { Chances } from './chances.ts'
import type { Place } from './link.ts'

export interface Flags {
  readonly drop?: string
  readonly duplicate?: string
  readonly reorder?: string
  readonly late?: string
  readonly lateAfter: string
  readonly corrupt?: string
  readonly cut?: string
  readonly halfOpen?: string
  readonly refuse?: string
  readonly delay?: string
  readonly bandwidth?: string
  readonly partition?: string
  readonly direction: string
  readonly bytes?: true
  readonly seed?: string
  readonly verbose?: true
  readonly json?: true
}

export interface Settings extends Chances {
  readonly bytesPerSecond: number | undefined
  readonly isBytesOnly: boolean
  readonly partition: { readonly everyMs: number; readonly forMs: number } | undefined
}

/** @throws {UsageError} for what cannot be read, with an example of what can */
export function settingsOf(flags: Flags): Settings {
  const { partition, bandwidth } = flags
  return {
    drop: chance('--drop', flags.drop),
    duplicate: chance('--duplicate', flags.duplicate),
    reorder: chance('--reorder', flags.reorder),
    late: chance('--late', flags.late),
    corrupt: chance('--corrupt', flags.corrupt),
    cut: chance('--cut', flags.cut),
    halfOpen: chance('--half-open', flags.halfOpen),
    refuse: chance('--refuse', flags.refuse),
    delayMs: span('--delay', flags.delay ?? '0'),
    lateMs: span('--late-after', flags.lateAfter),
    direction: direction(flags.direction),
    seed: seedOf(flags.seed),
    bytesPerSecond: bandwidth === undefined ? undefined : bytes(bandwidth),
    isBytesOnly: flags.bytes === true,
    partition: partition === undefined ? undefined : partitionOf(partition),
  }
}

/** `9091`, `host:9091`, any URL with a port, `unix:PATH`. @throws {UsageError} */
export function placeOf(what: 'LISTEN' | 'TARGET', text: string): Place {
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '') }
  const [, , host = '', port = ''] = /^([a-z]+:\/\/)?(?:(\[[^\]]*\]|[^:/]*):)?(\d+)(?:\/.*)?$/i.exec(text) ?? []
  const number = Number(port)
  if (port === '' || number > 65_535 || (number === 0 && what === 'TARGET'))
    throw new UsageError(`${what} is a port, host:port or a URL with a port, such as tcp://127.0.0.1:9090, not ${text}`)
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port: number }
}

export function textOfPlace(place: Place): string {
  if ('path' in place) return `unix:${place.path}`
  return `tcp://${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`
}

function chance(option: string, text: string | undefined): number {
  if (text === undefined) return 0
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new UsageError(`${option} is a chance from 0 to 1, such as 0.01 or 1%, not ${text}`)
  return value
}

function span(option: string, text: string): readonly [number, number] {
  const [least = NaN, most = least, ...more] = text.split('..').map(milliseconds)
  if (!(least >= 0 && most >= least) || more.length > 0)
    throw new UsageError(
      `${option} is a time or a span, such as 20, 5..50 or 1s..2s (milliseconds without a unit), not ${text}`,
    )
  return [least, most]
}

function milliseconds(text: string): number {
  const [, number = 'none', unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim()) ?? []
  return Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] as number)
}

function bytes(text: string): number {
  const [, number = 'none', unit = ''] = /^(\d+(?:\.\d+)?)([km]?)b?$/i.exec(text.trim()) ?? []
  const value = Number(number) * ({ '': 1, k: 1024, m: 1024 * 1024 }[unit.toLowerCase()] as number)
  if (!(value >= 1)) throw new UsageError(`--bandwidth is bytes a second, such as 64k or 2m, not ${text}`)
  return value
}

function partitionOf(text: string): { readonly everyMs: number; readonly forMs: number } {
  const [everyMs = NaN, forMs = NaN, ...more] = text.split(',').map(milliseconds)
  if (!(everyMs > 0 && forMs > 0) || more.length > 0)
    throw new UsageError(`--partition is how often and for how long, such as 30s,5s, not ${text}`)
  return { everyMs, forMs }
}

function direction(text: string): Chances['direction'] {
  if (text === 'to-server' || text === 'to-client' || text === 'both') return text
  throw new UsageError(`--direction is to-server, to-client or both, not ${text}`)
}

function seedOf(text: string | undefined): number {
  const seed = Number(text ?? Date.now() % 1_000_000)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new UsageError(`--seed is a whole number, not ${text}`)
  return seed
}
