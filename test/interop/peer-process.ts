/**
 * Builds the program of a peer where that is needed, and starts it.
 *
 * Invariant: a process that was started here is ended here.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const here = import.meta.dirname

/** One line of a peer: a case it tried, or a port on which it serves. */
export interface Told {
  readonly combination: string
  readonly case?: string
  readonly ok?: boolean
  readonly detail?: string
  readonly port?: number
}

const folderOf = (peer: string): string => join(here, 'build', peer)

/** Whether install.sh has fetched what the peer needs. */
export function isInstalled(peer: string): boolean {
  return existsSync(join(folderOf(peer), 'installed'))
}

/** Makes the program of an installed peer, unless it is there and nothing it is made of has changed. */
export function build(peer: string): void {
  if (isBuilt(peer)) return
  const { status, stdout, stderr } = spawnSync('bash', [join(here, 'build.sh'), peer], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${peer} could not be built: ${`${stdout}${stderr}`.trim().slice(-3000)}`)
  writeFileSync(stampOf(peer), digestOfSources(peer))
}

/** Whether the program is there, and made of the sources as they are. */
export function isBuilt(peer: string): boolean {
  return existsSync(stampOf(peer)) && readFileSync(stampOf(peer), 'utf8') === digestOfSources(peer)
}

const stampOf = (peer: string): string => join(folderOf(peer), 'built')

function digestOfSources(peer: string): string {
  const digest = createHash('sha256')
  const sources = join(here, peer.replace('-debian', ''))
  for (const folder of [join(here, 'idl'), join(here, 'stubs'), sources]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(folder, name)
      if (statSync(path).isFile()) digest.update(`${name}\n`).update(readFileSync(path))
    }
  }
  digest.update(readFileSync(join(here, 'build.sh')))
  digest.update(spawnSync('thrift', ['--version'], { encoding: 'utf8' }).stdout)
  return digest.digest('hex')
}

export function versionOf(peer: string): string {
  const { stdout } = spawnSync(join(folderOf(peer), 'run'), ['version'], { encoding: 'utf8' })
  return stdout.trim()
}

/** What the peer says when it calls a server on this port; ends when it has, or after a while. */
export async function* callFrom(peer: string, port: number, combinations: readonly string[]): AsyncGenerator<Told> {
  const child = start(peer, ['client', String(port), ...combinations])
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 120_000)
  try {
    for await (const line of createInterface(child.stdout)) yield JSON.parse(line) as Told
  } finally {
    clearTimeout(tooLong)
    child.kill('SIGKILL')
  }
}

/** Starts the peer's servers: combination -> port. */
export async function serveFrom(
  peer: string,
  combinations: readonly string[],
): Promise<{ readonly ports: ReadonlyMap<string, number>; stop(): void }> {
  const child = start(peer, ['server', ...combinations])
  const ports = new Map<string, number>()
  for await (const line of createInterface(child.stdout)) {
    const { combination, port } = JSON.parse(line) as Told
    if (port !== undefined) ports.set(combination, port)
    if (ports.size === combinations.length) break
  }
  if (ports.size < combinations.length) throw new Error(`${peer} ended before it served ${combinations.join(', ')}`)
  return { ports, stop: () => void child.kill('SIGKILL') }
}

/** What the peer prints when it does one thing and ends. */
export async function runPeer(peer: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(join(folderOf(peer), 'run'), args, { timeout: 30_000 })
  return stdout
}

function start(
  peer: string,
  args: readonly string[],
): ReturnType<typeof spawn> & { readonly stdout: NodeJS.ReadableStream } {
  const log = process.env['INTEROP_LOG'] === undefined ? 'ignore' : 'inherit'
  const child = spawn(join(folderOf(peer), 'run'), args, { stdio: ['pipe', 'pipe', log] })
  return child as ReturnType<typeof start>
}
