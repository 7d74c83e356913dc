/**
 * What all commands share: exit codes, colour, and where words go. Data goes to stdout, the rest to stderr.
 */
import { setImmediate } from 'node:timers/promises'
import type { WriteStream } from 'node:tty'
import type { ErrorCode } from '../errors/codes.ts'
import type { OncewireError } from '../errors/oncewire-error.ts'

/** The lecture's distinction, for scripts. */
export const exitCodes = { ok: 0, found: 1, usage: 2, never: 3, unknown: 4, local: 5, interrupted: 130 } as const

/** Codes of what the user wrote, not of what became of a call. */
const writtenWrongly: ReadonlySet<ErrorCode> = new Set([
  'invalid-argument',
  'invalid-target',
  'idl-invalid',
  'no-idl',
  'idempotency-key-too-long',
  'key-needs-ledger',
])

/** Whether a call ran, for scripts. */
export function exitCodeOf({ code, executed }: OncewireError): number {
  if (writtenWrongly.has(code)) return exitCodes.usage
  return { never: exitCodes.never, once: exitCodes.found, unknown: exitCodes.unknown }[executed]
}

/** A failure for people: what happened, whether the call ran, what to do. */
export function shownError({ message, code, executed, advice }: OncewireError): string {
  const ran = writtenWrongly.has(code) ? '' : `, executed: ${executed}`
  return `oncewire: ${message} [${code}${ran}]\n${advice}`
}

/** The command was used wrongly: the message says how, and it ends with `exitCodes.usage`. */
export class UsageError extends Error {}

export function isColored(stream: WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''
}

/** In an ANSI style, such as `31` for red, where the stream shows it. */
export function painted(text: string, style: string, stream: WriteStream): string {
  return isColored(stream) ? `\u001b[${style}m${text}\u001b[0m` : text
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** An option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** `1 file`, `2 files`. */
export function counted(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`
}

const quietMs = 1000

/** A promise that somebody waits for: on a terminal, once it has taken a second, what for is shown. */
export async function waitFor<T>(what: string, promise: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return await promise
  const show = (text: string): void => void process.stderr.write(`\r${text}\u001b[K`)
  let seconds = 0
  const timer = setInterval(() => show(`${what}: ${++seconds} s`), quietMs)
  try {
    return await promise
  } finally {
    clearInterval(timer)
    if (seconds > 0) show('')
  }
}

/**
 * Each of `items`. Between two of them Ctrl-C is heard, so that what is done with one is done whole or not at all; and
 * on a terminal, once it has taken a second, how many are done is shown.
 */
export async function* oneByOne<T>(items: readonly T[], what: string): AsyncGenerator<T> {
  const began = performance.now()
  let isShown = false
  const show = (text: string): void => void process.stderr.write(`\r${text}\u001b[K`)
  try {
    for (const [i, item] of items.entries()) {
      await setImmediate()
      if (process.stderr.isTTY && performance.now() - began > quietMs) {
        show(`${i} of ${items.length} ${what}`)
        isShown = true
      }
      yield item
    }
  } finally {
    if (isShown) show('')
  }
}
