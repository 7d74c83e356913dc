/**
 * Runs commands so that all they do to the files below one folder, and all they send, is written down (power-shim.c).
 *
 * Invariant: an event stands in the trace behind every event that it can lean on.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why power cuts cannot be played on this machine, and what to do about it; undefined where they can. */
export function whyNoPowerCuts(): string | undefined {
  if (process.platform !== 'linux')
    return `power cuts are played with LD_PRELOAD, on Linux only; this is ${process.platform}`
  if (compiler() === undefined)
    return 'power cuts need a C compiler, cc or gcc: apt-get install gcc libc6-dev (Debian, Ubuntu), apk add gcc musl-dev (Alpine)'
  return undefined
}

const compiler = (): string | undefined =>
  ['cc', 'gcc'].find((command) => spawnSync(command, ['--version']).status === 0)

let shim: string | undefined

/** The library to preload; compiled once for each process that asks. */
function shimFile(): string {
  if (shim !== undefined) return shim
  const why = whyNoPowerCuts()
  if (why !== undefined) throw new Error(why)
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-shim-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'power-shim.so')
  const source = join(import.meta.dirname, 'power-shim.c')
  const { status, stderr } = spawnSync(
    compiler() as string,
    ['-shared', '-fPIC', '-O1', '-Wall', '-o', file, source, '-ldl'],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`${source} cannot be compiled (libc6-dev missing?): ${stderr}`)
  return (shim = file)
}

/**
 * The environment of a process whose deeds below `root` (a real path) are appended to `trace`, a file outside of it.
 * Processes may share a trace: it is in the order of all of them.
 */
export function watched(root: string, trace: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: shimFile(),
    ONCEWIRE_POWER_ROOT: root,
    ONCEWIRE_POWER_TRACE: trace,
    // The shim does not see what is written through a ring.
    UV_USE_IO_URING: '0',
  }
}

export type PowerEvent =
  /** A path below the root. `isNew`: it was made now. `isEmptied`: all that it held is gone. */
  | {
      readonly kind: 'opened'
      readonly inode: bigint
      readonly path: string
      readonly isNew: boolean
      readonly isEmptied: boolean
      readonly isFolder: boolean
    }
  | { readonly kind: 'wrote'; readonly inode: bigint; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncated'; readonly inode: bigint; readonly length: number }
  | { readonly kind: 'renamed'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlinked'; readonly path: string }
  /** What stands in front of `sync-begun` is durable from `synced` on. */
  | { readonly kind: 'sync-begun' | 'synced'; readonly inode: bigint; readonly process: number }
  /** `unsent`: that many of the last bytes were not taken after all. */
  | { readonly kind: 'sent'; readonly socket: string; readonly bytes: Uint8Array }
  | { readonly kind: 'unsent'; readonly socket: string; readonly count: number }
  /** The process did something that cannot be played back. */
  | { readonly kind: 'unsupported'; readonly inode: bigint; readonly what: string }

const kinds = [
  ...['', 'opened', 'wrote', 'truncated', 'renamed', 'unlinked', 'sync-begun', 'synced', 'sent', 'unsent'],
  'unsupported',
] as const
const headerBytes = 32

export function readTrace(file: string): PowerEvent[] {
  const bytes = new Uint8Array(readFileSync(file))
  const view = new DataView(bytes.buffer)
  const events: PowerEvent[] = []
  for (let at = 0; at < bytes.length; at += view.getUint32(at, true)) {
    const body = bytes.subarray(at + headerBytes, at + view.getUint32(at, true))
    events.push(eventOf(new DataView(bytes.buffer, at, headerBytes), body))
  }
  return events
}

function eventOf(header: DataView, body: Uint8Array): PowerEvent {
  const kind = kinds[header.getUint32(4, true)] as PowerEvent['kind']
  const process = header.getUint32(8, true)
  const inode = header.getBigUint64(16, true)
  const socket = `${process}/${inode}`
  const value = Number(header.getBigUint64(24, true))
  const text = (): string => Buffer.from(body).toString()
  switch (kind) {
    case 'opened': {
      const [isNew, isEmptied, isFolder] = [1, 2, 4].map((bit) => (value & bit) !== 0) as [boolean, boolean, boolean]
      return { kind, inode, path: text(), isNew, isEmptied, isFolder }
    }
    case 'wrote':
      return { kind, inode, offset: value, bytes: body }
    case 'truncated':
      return { kind, inode, length: value }
    case 'renamed': {
      const [from = '', to = ''] = text().split('\0')
      return { kind, from, to }
    }
    case 'unlinked':
      return { kind, path: text() }
    case 'sync-begun':
    case 'synced':
      return { kind, inode, process }
    case 'sent':
      return { kind, socket, bytes: body }
    case 'unsent':
      return { kind, socket, count: value }
    case 'unsupported':
      return { kind, inode, what: text() }
    default:
      throw new Error(`an event of no kind: ${String(kind)}`)
  }
}
