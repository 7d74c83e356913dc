/**
 * Two machines under the shim: plays the bank and its client, each in its own folder, and answers what they did.
 *
 * Invariant: the trace is whole: the folder rebuilt from it is the folder that the processes left, byte for byte.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { PowerDisk } from '../support/power-disk.ts'
import { type PowerEvent, readTrace, watched } from '../support/power-shim.ts'
import { root as project } from '../support/cli.ts'

export const serverFile = 'server/bank.db'
export const journalFile = 'client/client.journal'
/** The outside world, which no power cut reaches: what the application was told, what the machines paid. */
export const toldFile = 'outside/told'
export const tapesFolder = 'outside/tapes'

/** A change of the production code: `from` stands once in the file. */
export interface Change {
  /** Below src/. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Played {
  readonly calls: number
  /** Length of a transfer's tag, at least. */
  readonly bytes: number
  /** How often both are started; 2 if absent. All lives but the last end by kill -9. */
  readonly lives?: number | undefined
  readonly changes?: readonly Change[] | undefined
}

/** Plays it in `folder`, which must be empty. */
export async function playTraced(
  folder: string,
  { calls, bytes, lives = 2, changes = [] }: Played,
): Promise<PowerEvent[]> {
  const real = realpathSync(folder)
  const root = join(real, 'root')
  for (const name of ['server', 'client', tapesFolder]) mkdirSync(join(root, name), { recursive: true })
  const trace = join(real, 'trace')
  const actors = await bundleActors(join(real, 'actors'), changes)
  const start = (script: string, args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [join(actors, script), ...args], {
      // libsql is looked for from where the bundle is.
      env: { ...watched(root, trace), NODE_PATH: join(project, 'node_modules') },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
  const each = Math.ceil(calls / lives)
  for (let life = 0; life < lives; life++) {
    const isLast = life === lives - 1
    const server = start('server.js', [join(root, serverFile), join(root, tapesFolder)])
    try {
      const url = await lineOf(server)
      const numbers = [life * each, each, bytes].map(String)
      const client = start('client.js', [
        ...[url, join(root, journalFile), join(root, toldFile), ...numbers],
        isLast ? '' : 'dies',
      ])
      await exitOf(client, isLast ? 0 : 'SIGKILL')
      if (isLast) server.stdin?.end()
      else server.kill('SIGKILL')
      await exitOf(server, isLast ? 0 : 'SIGKILL')
    } finally {
      server.kill('SIGKILL')
    }
  }
  const events = withoutUnsent(readTrace(trace))
  mustBeWhole(root, events)
  return events
}

async function lineOf(child: ChildProcess): Promise<string> {
  const line = once(child.stdout as NodeJS.ReadableStream, 'data') as Promise<[Buffer]>
  const exit = once(child, 'exit').then((): never => {
    throw new Error('the server did not start')
  })
  return (await Promise.race([line, exit]))[0].toString().trim()
}

async function exitOf(child: ChildProcess, expected: number | string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const end = child.signalCode ?? child.exitCode
  if (end !== expected) throw new Error(`a process ended with ${end}, not with ${expected}`)
}

async function bundleActors(outdir: string, changes: readonly Change[]): Promise<string> {
  const changed: Plugin = {
    name: 'changed',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const here = changes.filter(({ file }) => path === join(project, 'src', file))
        if (here.length === 0) return undefined
        return { contents: here.reduce(changeOnce, readFileSync(path, 'utf8')), loader: 'ts' }
      })
    },
  }
  await build({
    entryPoints: ['server.ts', 'client.ts'].map((name) => join(import.meta.dirname, name)),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    outExtension: { '.js': '.js' },
    tsconfig: join(project, 'tsconfig.json'),
    plugins: [changed],
    logLevel: 'silent',
  })
  return outdir
}

function changeOnce(text: string, { file, from, to }: Change): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`src/${file} holds ${parts.length - 1} times, not once: ${from}`)
  return parts.join(to)
}

/** What a socket did not take comes again; it is taken off the event that wanted to send it. */
function withoutUnsent(events: readonly PowerEvent[]): PowerEvent[] {
  const left: PowerEvent[] = []
  const lastSent = new Map<string, number>()
  for (const event of events) {
    if (event.kind === 'sent') lastSent.set(event.socket, left.length)
    if (event.kind === 'unsent') {
      const at = lastSent.get(event.socket) as number
      const sent = left[at] as Extract<PowerEvent, { kind: 'sent' }>
      left[at] = { ...sent, bytes: sent.bytes.subarray(0, sent.bytes.length - event.count) }
    } else left.push(event)
  }
  return left
}

function mustBeWhole(root: string, events: readonly PowerEvent[]): void {
  const disk = new PowerDisk()
  for (const event of events) disk.play(event)
  const rebuilt = disk.after({ fate: 'all', random: () => 0 })
  const there = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const wrong = [...new Set([...there, ...rebuilt.keys()])].filter((path) => {
    const bytes = rebuilt.get(path)
    return bytes === undefined || !there.includes(path) || !readFileSync(join(root, path)).equals(bytes)
  })
  if (wrong.length > 0) throw new Error(`the trace is not whole: ${wrong.join(', ')} differ from what it says`)
}
