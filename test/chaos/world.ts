/**
 * One world of the chaos run: servers on one ledger, links before them, clients with journals, and everything that is done
 * to them.
 *
 * Invariant: who is struck, with what and when follows from the seed; every process is ended by its own handle.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { isAlive, kill, start } from '../../src/cli/demo/processes.ts'
import { seededRandom } from '../../src/std/prng.ts'
import { main } from '../support/cli.ts'
import type { ClientOrders } from './client.ts'
import { historyFile, readHistory } from './history.ts'
import { type Blow, type Counts, type Evidence, type Life, wentBack } from './judge.ts'
import type { ServerOrders } from './server.ts'
import type { SessionRow, Store } from './store.ts'
import { effectsOn } from './tape.ts'

export interface WorldOptions {
  readonly name: string
  readonly seed: number
  readonly folder: string
  readonly store: Store
  readonly actors: URL
  readonly servers: number
  readonly clients: number
  readonly inFlight: number
  /** On average between two blows, in milliseconds. */
  readonly everyMs: number
  /** Of all that is open in the end, in milliseconds. */
  readonly drainMs: number
}

interface Client {
  readonly index: number
  readonly child: ChildProcess
  called: number
}

interface Server {
  readonly orders: ServerOrders
  child: ChildProcess
  /** Ended by us, as the run ends. */
  isOver: boolean
}

interface Link {
  readonly url: string
  readonly child: ChildProcess
}

/** What its links do to every frame; each number is some in a thousand frames or connections. */
const linkFaults = [
  ...['--drop', '0.002', '--duplicate', '0.01', '--reorder', '0.01', '--late', '0.003', '--late-after', '100..5s'],
  ...['--cut', '0.00005', '--half-open', '0.000005', '--refuse', '0.03', '--partition', '20s,400ms'],
]

type Stroke =
  'server-killed' | 'server-stopped' | 'client-killed' | 'client-stopped' | 'link-cut' | 'both-killed' | DatabaseStroke
type DatabaseStroke = 'database-killed' | 'database-restarted' | 'backend-ended'

const strokes: readonly (readonly [Stroke, number])[] = [
  ['server-killed', 30],
  ['server-stopped', 14],
  ['client-killed', 24],
  ['client-stopped', 10],
  ['link-cut', 12],
  ['both-killed', 6],
  ['database-killed', 8],
  ['database-restarted', 4],
  ['backend-ended', 12],
]

export class World {
  readonly faults: Counts = {}
  /** Told after the links' ends. */
  readonly linkFigures: { faults: Counts; frames: number; connections: number }[] = []
  private readonly options: WorldOptions
  private readonly random: () => number
  private readonly servers: Server[] = []
  private readonly links: Link[] = []
  private readonly clients: Client[] = []
  /** Lives begun, by client. */
  private readonly lives: number[] = []
  private calledBefore = 0
  private readonly blows: Blow[] = []
  private readonly crashes: string[] = []
  private readonly sessions = new Map<string, SessionRow>()
  private isDatabaseDown = false
  private isOver = false

  constructor(options: WorldOptions) {
    this.options = options
    this.random = seededRandom(options.seed)
  }

  get called(): number {
    return this.clients.reduce((sum, { called }) => sum + called, this.calledBefore)
  }

  async open(): Promise<void> {
    const { name, folder, store, servers, clients } = this.options
    for (let i = 0; i < servers; i++) {
      const orders: ServerOrders = {
        ...{ name: `${name}-server-${i}`, port: 0, folder },
        ...(store.postgres === undefined ? {} : { postgres: store.postgres.url }),
      }
      const child = this.spawnServer(orders)
      const url = await this.firstLine(child, `${name}'s server ${i}`)
      this.servers.push({ orders: { ...orders, port: Number(new URL(url).port) }, child, isOver: false })
      this.watch(this.servers[i] as Server)
      this.links.push(await this.startLink(url, i))
    }
    for (let i = 0; i < clients; i++) this.startClient(i)
  }

  /** Strikes until `isEnough`. */
  async suffer(isEnough: () => boolean): Promise<void> {
    let sampled = 0
    while (!isEnough()) {
      const pauseMs = this.options.everyMs * (0.3 + 1.4 * this.random())
      const stroke = this.pick(strokes)
      const until = performance.now() + pauseMs
      while (performance.now() < until && !isEnough()) await pause(50)
      if (isEnough()) break
      await this.strike(stroke)
      if (sampled++ % 3 === 0) await this.sample()
    }
  }

  /** Faults off; everything that is open must end, then everything starts once more and finds nothing to do. */
  async recover(): Promise<void> {
    for (const { child } of this.links) child.stdin?.write('good\n')
    for (const { child } of this.clients) child.stdin?.end()
    await this.endClients()
    // Whoever starts under a name is asked what became of the effects that its dead forerunner left open.
    for (const server of this.servers) await this.restart(server)
    for (const round of ['recovers', 'finds nothing']) {
      for (const { index } of [...this.clients]) this.startClient(index, true)
      await this.endClients()
      if (round === 'recovers') this.calledBefore = this.called
    }
    await this.sample()
    for (const link of this.links) this.linkFigures.push(await endLink(link))
    for (const server of this.servers) {
      server.isOver = true
      await kill(server.child)
    }
  }

  async evidence(): Promise<Evidence> {
    const { folder, clients, servers, store } = this.options
    const lives: Life[] = []
    let leftInJournals = 0
    for (let i = 0; i < clients; i++) {
      const count = this.lives[i] ?? 0
      for (let life = 0; life < count; life++) {
        const entries = readHistory(join(folder, historyFile(this.nameOf(i), life)))
        lives.push({ client: this.nameOf(i), entries })
        if (life === count - 1) leftInJournals += entries.filter(({ kind }) => kind !== 'ended').length
      }
    }
    const { blows, crashes } = this
    return {
      ...{ lives, blows, crashes, servers, leftInJournals },
      linkLog: this.links.flatMap((_, i) => readFileSync(join(folder, `link-${i}.faults`), 'utf8').split('\n')),
      stored: await store.read(),
      counted: effectsOn(join(folder, 'counted.tape')),
      paid: effectsOn(join(folder, 'paid.tape')),
    }
  }

  /** Ends every process. */
  async close(): Promise<void> {
    this.isOver = true
    for (const server of this.servers) server.isOver = true
    const all = [...this.servers, ...this.links, ...this.clients].map(({ child }) => kill(child))
    await Promise.all(all)
  }

  private async strike(stroke: Stroke): Promise<void> {
    const { postgres } = this.options.store
    const server = this.servers[Math.floor(this.random() * this.servers.length)] as Server
    const client = this.clients[Math.floor(this.random() * this.clients.length)] as Client
    const stopMs = 100 + this.random() * 1400
    const fromMs = Date.now()
    switch (stroke) {
      case 'server-killed':
        await this.restart(server)
        break
      case 'client-killed':
        await this.killClient(client)
        break
      case 'both-killed':
        await Promise.all([this.restart(server), this.killClient(client)])
        break
      case 'server-stopped':
      case 'client-stopped': {
        const { child } = stroke === 'server-stopped' ? server : client
        child.kill('SIGSTOP')
        await pause(stopMs)
        child.kill('SIGCONT')
        break
      }
      case 'link-cut':
        for (const { child } of this.links) child.stdin?.write('cut\n')
        break
      case 'database-killed':
      case 'database-restarted':
        if (postgres === undefined) return
        this.isDatabaseDown = true
        await (stroke === 'database-killed' ? postgres.crash() : postgres.shutDown())
        await pause(stopMs / 3)
        await postgres.start()
        this.isDatabaseDown = false
        break
      case 'backend-ended':
        if (postgres === undefined) return
        await this.options.store.endBackend(this.random())
    }
    this.count(stroke)
    const whom =
      stroke.startsWith('server') || stroke === 'both-killed'
        ? ` ${server.orders.name}`
        : stroke.startsWith('client')
          ? ` ${this.nameOf(client.index)}`
          : ''
    this.blows.push({ what: `${stroke}${whom}`, fromMs, toMs: Date.now() })
  }

  private async sample(): Promise<void> {
    // A database that is being started again is asked another time.
    const now = await this.options.store.sessions().catch(() => [])
    this.crashes.push(...wentBack(this.sessions, now))
  }

  private spawn(script: URL, args: readonly string[], errors: string): ChildProcess {
    const file = openSync(join(this.options.folder, errors), 'a')
    const child = start(script, args, ['pipe', 'pipe', file])
    closeSync(file)
    child.stdin?.on('error', () => {}) // It was killed; its exit says so.
    return child
  }

  private spawnServer(orders: ServerOrders): ChildProcess {
    return this.spawn(new URL('server.mjs', this.options.actors), [JSON.stringify(orders)], 'servers.errors')
  }

  /** Starts it again when it ends, as whoever keeps servers running does. */
  private watch(server: Server): void {
    const { child } = server
    child.stdout?.resume()
    child.once('exit', (code, signal) => {
      if (server.isOver || this.isOver) return
      if (signal === null) this.judgeExit(server.orders.name, code)
      setTimeout(
        () => {
          if (server.isOver || this.isOver) return
          server.child = this.spawnServer(server.orders)
          this.watch(server)
        },
        signal === null ? 200 : 0,
      )
    })
  }

  /** A server may not start where its database is down, or its port is a client's own end for a moment. */
  private judgeExit(name: string, code: number | null): void {
    const errors = readFileSync(join(this.options.folder, 'servers.errors'), 'utf8').slice(-2000)
    if (
      this.isDatabaseDown ||
      /is taken by another process|ECONNREFUSED|ENOENT|starting up|shutting down|terminat/i.test(errors)
    )
      return
    this.crashes.push(`${name} with exit code ${code}: ${errors.trim().split('\n').at(-1)}`)
  }

  /** kill -9; whoever watches starts it again. */
  private async restart(server: Server): Promise<void> {
    const { child } = server
    await kill(child)
    while (server.child === child && !this.isOver) await pause(5)
  }

  private async startLink(target: string, i: number): Promise<Link> {
    const seed = String(this.options.seed * 10 + i)
    const args = ['proxy', '0', target, '--json', '--seed', seed, '--verbose', ...linkFaults]
    const child = this.spawn(pathToFileURL(main), args, `link-${i}.faults`)
    const line = await this.firstLine(child, 'a link')
    return { url: (JSON.parse(line) as { listening: string }).listening, child }
  }

  private nameOf(index: number): string {
    return `${this.options.name}${index}`
  }

  private startClient(index: number, isRecoveryOnly = false): void {
    const { folder, seed, name, inFlight, actors } = this.options
    const life = this.lives[index] ?? 0
    this.lives[index] = life + 1
    const urls = this.links.map(({ url }) => url)
    const orders: ClientOrders = {
      ...{ name: this.nameOf(index), life, seed: seed * 100 + index, world: name, folder, inFlight, isRecoveryOnly },
      urls: [...urls.slice(index % urls.length), ...urls.slice(0, index % urls.length)],
    }
    const child = this.spawn(new URL('client.mjs', actors), [JSON.stringify(orders)], 'clients.errors')
    const client: Client = { index, child, called: 0 }
    this.clients[index] = client
    let held = ''
    ;(child.stdout as Readable).setEncoding('utf8').on('data', (text: string) => {
      const lines = (held + text).split('\n')
      held = lines.pop() ?? ''
      client.called = Number(lines.at(-1) ?? client.called)
    })
  }

  private async killClient(client: Client): Promise<void> {
    this.noteIfDead(client)
    await kill(client.child)
    this.calledBefore += client.called
    this.startClient(client.index)
  }

  private noteIfDead({ index, child }: Client): void {
    if (isAlive(child) || child.exitCode === 0) return
    const errors = readFileSync(join(this.options.folder, 'clients.errors'), 'utf8').trim()
    this.crashes.push(`${this.nameOf(index)} with exit code ${child.exitCode}: ${errors.slice(-1500)}`)
  }

  private async endClients(): Promise<void> {
    const limit = AbortSignal.timeout(this.options.drainMs)
    for (const client of this.clients) {
      const { child, index } = client
      if (isAlive(child)) await once(child, 'exit', { signal: limit }).catch(() => {})
      if (isAlive(child)) this.crashes.push(`${this.nameOf(index)} did not end within ${this.options.drainMs} ms`)
      else this.noteIfDead(client)
      await kill(child)
    }
  }

  private async firstLine(child: ChildProcess, what: string): Promise<string> {
    const line = once(child.stdout as Readable, 'data') as Promise<[Buffer]>
    const exit = once(child, 'exit').then((): never => {
      throw new Error(`${what} did not start: its complaint is in ${this.options.folder}`)
    })
    const [text] = await Promise.race([line, exit])
    return text.toString().trim()
  }

  private pick(choices: typeof strokes): Stroke {
    const possible = choices.filter(
      ([stroke]) => this.options.store.postgres !== undefined || !/^(database|backend)/.test(stroke),
    )
    let left = this.random() * possible.reduce((sum, [, weight]) => sum + weight, 0)
    return (possible.find(([, weight]) => (left -= weight) < 0) ?? (possible[0] as (typeof strokes)[number]))[0]
  }

  private count(what: string): void {
    this.faults[what] = (this.faults[what] ?? 0) + 1
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Ctrl-C, and its summary. */
async function endLink({ child }: Link): Promise<{ faults: Counts; frames: number; connections: number }> {
  let text = ''
  ;(child.stdout as Readable).on('data', (chunk: Buffer) => (text += chunk.toString()))
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  await exited
  return JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { faults: Counts; frames: number; connections: number }
}
