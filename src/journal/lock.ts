/**
 * One living process for each journal file.
 *
 * Invariant: of all that want the lock at most one has it. Each raises a flag, a file that only it ever makes, and then
 * looks for the flags of others: of two that meet, the later one to look sees the other. A flag is named after its
 * process and the time that was started, so the one of a killed process holds nothing, and anybody may take it away.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { OncewireError } from '../errors/oncewire-error.ts'

/** Two that begin at the same instant see each other and both step back; they try again this often. */
const triesMax = 6

/** Takes the lock of `file`; answers how to give it back. @throws {OncewireError} journal-locked, naming the holder */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const folder = dirname(file)
  const prefix = `${basename(file)}.lock.`
  for (let tries = 1; ; tries++) {
    const flag = `${prefix}${process.pid}.${startOf(process.pid) ?? unknownStart}.${randomBytes(6).toString('hex')}`
    const lower = (): Promise<void> => rm(join(folder, flag), { force: true })
    await writeFile(join(folder, flag), '', { mode: 0o600, flag: 'wx' })
    const holder = await livingHolder(folder, prefix, flag)
    if (holder === undefined) return lower
    await lower()
    if (tries === triesMax) throw locked(file, holder)
    await delay(randomInt(1, 20))
  }
}

/** The process of a flag that is not ours. Takes away the flags of the dead. */
async function livingHolder(folder: string, prefix: string, mine: string): Promise<number | undefined> {
  for (const name of await readdir(folder)) {
    const flag = name.startsWith(prefix) ? flagPattern.exec(name.slice(prefix.length)) : null
    if (flag === null || name === mine) continue
    const [, pid, start] = flag
    if (isAlive(Number(pid), start)) return Number(pid)
    await rm(join(folder, name), { force: true })
  }
  return undefined
}

function isAlive(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is one, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const found = startOf(pid)
  return found === undefined || start === unknownStart || found === start
}

const unknownStart = '-'
/** Behind the name of the journal: pid, its start, and something that no other flag has. */
const flagPattern = /^(\d+)\.(\d+|-)\.[\da-f]+$/

/** When a process was started, in the kernel's ticks; nothing where that cannot be seen, and the pid alone must do. */
function startOf(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A killed process stays as a zombie until its parent looks; it holds nothing.
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19]
}

function locked(file: string, pid: number): OncewireError {
  const who = pid === process.pid ? `this process (${pid})` : `process ${pid}`
  const message = `${file} is in use by ${who}: give each process a journal of its own`
  return new OncewireError('journal-locked', 'never', message)
}
