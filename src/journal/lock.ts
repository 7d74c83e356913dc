/**
 * One living process for each journal file.
 *
 * Invariant: the lock of a process that was killed, however, does not outlive it: a holder is its pid and the time it
 * was started.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { OncewireError } from '../errors/oncewire-error.ts'

/** Takes the lock of `file`; answers how to give it back. @throws {OncewireError} journal-locked, naming the holder */
export function lockFile(file: string): () => void {
  const lock = `${file}.lock`
  const mine = `${process.pid} ${startTime(process.pid)} ${randomBytes(4).toString('hex')}`
  const temporary = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(temporary, mine, { mode: 0o600 })
  try {
    for (let tries = 0; tries < 10; tries++) {
      if (link(temporary, lock)) return () => release(lock, mine)
      const holder = read(lock)
      if (holder === undefined) continue
      const [pid = '', started = ''] = holder.split(' ')
      if (isAlive(Number(pid), started)) throw locked(file, pid)
      breakLock(lock, holder)
    }
    throw locked(file, 'another')
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Makes `lock` a second name of `temporary`: succeeds for one process only. */
function link(temporary: string, lock: string): boolean {
  try {
    linkSync(temporary, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Takes a dead process's lock away; another process may be doing the same, so what was taken is looked at again. */
function breakLock(lock: string, holder: string): void {
  const taken = `${lock}.stale.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    renameSync(lock, taken)
  } catch {
    return
  }
  if (read(taken) !== holder) link(taken, lock) // a living one's, new in between: put it back
  rmSync(taken, { force: true })
}

function release(lock: string, mine: string): void {
  if (read(lock) === mine) rmSync(lock, { force: true })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return startTime(pid) === started
}

/** When a process was started, in the kernel's ticks; '-' where there is no /proc, and the pid alone must do. */
function startTime(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return '-'
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A killed process stays as a zombie until its parent looks; it holds nothing.
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '-')
}

function locked(file: string, holder: string): OncewireError {
  const who = Number(holder) === process.pid ? `this process (${holder})` : `process ${holder}`
  return new OncewireError(
    'journal-locked',
    'never',
    `${file} is in use by ${who}: give each process a journal of its own`,
  )
}
