/**
 * Child processes and the temporary folder that they write in, for the demo and for the kill proof.
 *
 * Invariant: however the parent ends, what was started here is killed by its own handle, and the folder is removed
 * unless somebody asked to keep it.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const living = new Set<ChildProcess>()

/** Starts a built script in a Node of its own. */
export function start(script: URL, args: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], { stdio })
  living.add(child)
  child.on('exit', () => living.delete(child))
  child.on('error', () => living.delete(child))
  return child
}

export function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** kill -9; resolves when the process is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

export function killAll(): void {
  for (const child of living) child.kill('SIGKILL')
}

export interface Workplace {
  readonly folder: string
  /** Leaves the folder for somebody to look at. */
  keep(): void
}

/** A temporary folder; it and all processes go with this process, also by Ctrl-C or with the terminal. */
export function openWorkplace(prefix: string): Workplace {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  let isKept = false
  process.once('exit', () => {
    killAll()
    // A process that was killed a moment ago may still be writing.
    if (!isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  // As shells count: 128 and the signal's number.
  const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
  // Heard every time: npm and tsx pass on what the terminal has sent us already, and a second one must not cut this short.
  for (const [signal, code] of Object.entries(signals)) process.on(signal, () => process.exit(code))
  return { folder, keep: () => (isKept = true) }
}

/** On a terminal one line that changes; elsewhere nothing, since what is printed there is kept. */
export function showProgress(done: number, all: number, what: string): void {
  if (!process.stderr.isTTY) return
  const bar = '█'.repeat(Math.round((done / all) * 30)).padEnd(30, '░')
  process.stderr.write(`\r${bar} ${done} of ${all} ${what}${done === all ? '\r\u001b[K' : ''}`)
}
