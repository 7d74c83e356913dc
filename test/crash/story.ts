/**
 * One story: a client and a server, one of which may end at a crash point; both are started again, and what became of
 * every call is counted.
 *
 * Invariant: what is judged was read from the ledger, the tape, the journal and the client's log when all had ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../../src/cli/demo/database.ts'
import { openJournal } from '../../src/journal/file-journal.ts'
import type { Frame } from '../../src/once/frame.ts'
import { PowerDisk } from '../support/power-disk.ts'
import { readTrace, watched } from '../support/power-shim.ts'
import { Link } from './link.ts'

/**
 * What the crash happens on: a first delivery; a retransmission, the first one being lost; a replay, the first reply being
 * lost; a recovery, both sides having died after the first reply; what follows a server's death within an external effect.
 */
export const attempts = ['first', 'retransmission', 'replay', 'recovery', 'reconcile'] as const
export type Attempt = (typeof attempts)[number]
/** `both`: the other side is killed too. `unsynced lost`: and the disk of who crashed is as of its last syncs. */
export const faults = ['kill -9', 'kill -9 of both', 'unsynced writes lost'] as const
export type Fault = (typeof faults)[number]
export const sides = ['client', 'server'] as const
export type Side = (typeof sides)[number]

export interface Crash {
  readonly side: Side
  /** Name and how often it was come to: `ledger:before-commit 2`. */
  readonly at: string
  readonly fault: Fault
}

export interface Orders {
  readonly folder: string
  readonly actors: string
  readonly attempt: Attempt
  /** undefined: a story in which nobody crashes, that tells which points there are. */
  readonly crash: Crash | undefined
  /** A postgres: URL of an empty database; undefined: SQLite. */
  readonly database: string | undefined
}

export interface Told {
  readonly wrong: readonly string[]
  readonly hasCrashed: boolean
  readonly reached: Readonly<Record<Side, readonly string[]>>
}

const storyMsMax = 60_000
const livesMax = 4

export async function playStory(orders: Orders): Promise<Told> {
  const story = new Story(orders)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${storyMsMax} ms`)), storyMsMax)
  })
  try {
    await Promise.race([story.play(), late])
    return await story.tell()
  } catch (error) {
    return { wrong: [String(error)], hasCrashed: true, reached: { client: [], server: [] } }
  } finally {
    clearTimeout(timer)
    story.end()
  }
}

class Story {
  private readonly orders: Orders
  private readonly link = new Link()
  private readonly children = new Set<ChildProcess>()
  private readonly armed: string
  private readonly lost = new Set<string>()
  private hasCrashed = false
  private late: (() => void) | undefined

  constructor(orders: Orders) {
    this.orders = orders
    this.armed = join(orders.folder, 'armed')
    for (const side of sides) mkdirSync(join(orders.folder, side), { recursive: true })
    if (orders.attempt === 'first') this.arm()
    this.link.rule = (frame, deliver) => this.passes(frame, deliver)
  }

  async play(): Promise<void> {
    const url = await this.link.listen()
    let server = await this.startServer()
    for (let life = 1; life <= livesMax; life++) {
      const client = this.start('client', [url, this.journal, this.file('log'), String(life)])
      // The server is started again as often as it ends.
      while (isAlive(client)) {
        const ended = await Promise.race([exitOf(client), exitOf(server)])
        if (this.isKilling) await Promise.all([exitOf(client), exitOf(server)])
        if (this.isKilling || ended === client) break
        await this.crashed('server')
        if (this.isForBoth && this.hasCrashed) await kill(client)
        server = await this.startServer()
      }
      if (client.exitCode === 0) return this.stop(server)
      if (client.signalCode !== 'SIGKILL') throw new Error(`the client ended with ${client.exitCode}`)
      const isOurs = this.isKilling || (this.isForBoth && this.hasCrashed)
      this.isKilling = false
      if (!isOurs) {
        await this.crashed('client')
        if (this.isForBoth) await kill(server)
      }
      if (!isAlive(server)) server = await this.startServer()
    }
    throw new Error(`the client did not live to its end in ${livesMax} lives`)
  }

  private get isForBoth(): boolean {
    return this.orders.crash?.fault === 'kill -9 of both'
  }

  /** Both are being killed by us, before the story proper. */
  private isKilling = false

  end(): void {
    this.link.close()
    for (const child of this.children) child.kill('SIGKILL')
  }

  async tell(): Promise<Told> {
    const effects = [...(await this.inLedger()), ...linesOf(this.file('tape'))]
    const told = linesOf(this.file('log')).map((line) => line.split(' ') as [string, string])
    const journal = await openJournal(this.journal)
    const { open, unclaimed } = journal.state
    const left = [...open, ...unclaimed].map(({ number }) => `the journal still holds call ${number}`)
    await journal.close()
    const reached = (side: Side): string[] => linesOf(this.file(`${side}.seen`))
    return {
      wrong: [...judge(effects, told), ...left, ...this.link.differing],
      hasCrashed: this.hasCrashed,
      reached: { client: reached('client'), server: reached('server') },
    }
  }

  private passes(frame: Frame, deliver: () => void): boolean {
    const { attempt } = this.orders
    if (frame.kind === 'call' && isGivenUp(frame.payload) && !this.lost.has('given up')) {
      this.lost.add('given up')
      this.late = deliver
      return false
    }
    if (frame.kind === 'reply' && this.late !== undefined && frame.outcome.kind === 'failure') {
      // The tombstone is on its way: now the copy comes that the network kept.
      this.late()
      this.late = undefined
    }
    if (frame.kind !== 'call' && frame.kind !== 'reply') return true
    const xid = `${frame.session} ${frame.number}`
    if (attempt === 'retransmission' && frame.kind === 'call') return this.isKnown(xid)
    if (attempt === 'replay' && frame.kind === 'reply') return this.isKnown(xid)
    if (attempt === 'recovery' && frame.kind === 'reply' && !this.lost.has('recovery')) {
      this.lost.add('recovery')
      this.arm()
      this.isKilling = true
      for (const child of this.children) child.kill('SIGKILL')
      return false
    }
    return true
  }

  /** False the first time. */
  private isKnown(xid: string): boolean {
    if (this.lost.has(xid)) return true
    this.lost.add(xid)
    this.arm()
    return false
  }

  private arm(): void {
    writeFileSync(this.armed, '')
  }

  /** What the crash of a side leaves on its disk. */
  private async crashed(side: Side): Promise<void> {
    const { attempt, crash, folder } = this.orders
    if (attempt === 'reconcile' && side === 'server' && !existsSync(this.armed)) return this.arm()
    if (crash?.side !== side || this.hasCrashed) throw new Error(`the ${side} ended, and nobody had told it to`)
    this.hasCrashed = true
    if (crash.fault !== 'unsynced writes lost') return
    const disk = new PowerDisk(this.existing)
    for (const event of readTrace(this.file('trace'))) disk.play(event)
    const left = disk.after({ fate: 'none', random: () => 0 })
    rmSync(join(folder, side), { recursive: true })
    mkdirSync(join(folder, side))
    for (const [path, bytes] of left) {
      mkdirSync(dirname(join(folder, side, path)), { recursive: true })
      writeFileSync(join(folder, side, path), bytes)
    }
  }

  private existing = new Map<string, Uint8Array>()

  private start(side: Side, args: readonly string[]): ChildProcess {
    const { actors, crash } = this.orders
    const mayCrash = crash?.side === side && !this.hasCrashed
    const isWatched = mayCrash && crash.fault === 'unsynced writes lost'
    const root = join(this.orders.folder, side)
    if (isWatched) {
      rmSync(this.file('trace'), { force: true })
      // The index of SQLite's log is made anew by whoever opens the file; the trace cannot play it.
      for (const name of readdirSync(root)) if (name.endsWith('-shm')) rmSync(join(root, name))
      this.existing = new Map(readdirSync(root).map((name) => [name, new Uint8Array(readFileSync(join(root, name)))]))
    }
    const outer = isWatched ? watched(root, this.file('trace')) : process.env
    const seen = this.file(`${side}.seen`)
    // Before a reconciliation there is the crash that it is about.
    const isBefore = this.orders.attempt === 'reconcile' && side === 'server' && !existsSync(this.armed)
    const env = isBefore
      ? { ...outer, CRASH_ARMED: root, CRASH_SEEN: this.file('before'), CRASH_AT: 'external:in-perform-after-effect 1' }
      : { ...outer, CRASH_ARMED: this.armed, CRASH_SEEN: seen, CRASH_AT: mayCrash ? crash.at : '' }
    const stdio: ('pipe' | 'inherit')[] = ['pipe', 'pipe', 'inherit']
    const child = spawn(process.execPath, [join(actors, `${side}.mjs`), ...args], { env, stdio })
    child.stdin?.on('error', () => {})
    this.children.add(child)
    child.once('exit', () => this.children.delete(child))
    return child
  }

  /** It may crash before it has said where it listens. */
  private async startServer(): Promise<ChildProcess> {
    const place = this.orders.database ?? join(this.orders.folder, 'server', 'till.db')
    for (;;) {
      const server = this.start('server', [place, this.file('tape')])
      const line = once(server.stdout as NodeJS.ReadableStream, 'data').then(([chunk]) => String(chunk).trim())
      const url = await Promise.race([line, exitOf(server).then(() => undefined)])
      if (url !== undefined) {
        this.link.pointAt(url)
        return server
      }
      await this.crashed('server')
    }
  }

  private async stop(server: ChildProcess): Promise<void> {
    server.stdin?.end()
    await exitOf(server)
  }

  private get journal(): string {
    return join(this.orders.folder, 'client', 'client.journal')
  }

  private file(name: string): string {
    return join(this.orders.folder, name)
  }

  private async inLedger(): Promise<string[]> {
    const sql = 'SELECT what FROM effect'
    const open = "SELECT 'an open intent' AS what FROM oncewire_intent WHERE state = 'open'"
    if (this.orders.database !== undefined) {
      const client = new pg.Client(this.orders.database)
      await client.connect()
      const { rows } = await client.query<{ what: string }>(`${sql} UNION ALL ${open}`)
      await client.end()
      return rows.map(({ what }) => what)
    }
    const database = openDatabase(join(this.orders.folder, 'server', 'till.db'))
    const rows = database.prepare(`${sql} UNION ALL ${open}`).all() as { what: string }[]
    database.close()
    return rows.map(({ what }) => what)
  }
}

/** What is wrong with what was done and what was told. */
export function judge(effects: readonly string[], log: readonly (readonly [string, string])[]): string[] {
  const wrong: string[] = []
  const count = (what: string): number => effects.filter((effect) => effect === what).length
  const words = new Map<string, Set<string>>()
  for (const [what, told] of log) words.set(what, (words.get(what) ?? new Set()).add(told))
  for (const what of new Set([...effects, ...words.keys()])) {
    const told = [...(words.get(what) ?? [])]
    const n = count(what)
    const say = (why: string): void =>
      void wrong.push(`${what}: ${n} effects, told ${told.join(' and ') || 'nothing'}: ${why}`)
    if (told.length > 1) say('told differently')
    if (n > 1) say('ran more than once')
    const [word] = told
    if (what === 'trip') continue
    // Without a ledger, or without a journal, nobody is left to tell.
    if (what === 'noted' || what.startsWith('brief-')) {
      if (word === 'ok' && n !== 1) say('told ok')
      if (word === 'never' && n !== 0) say('told never')
    } else if (what.startsWith('run-')) continue
    else if (n !== (word === 'ok' ? 1 : 0) || word === 'unknown') say('not what exactly-once promises')
  }
  const [value] = words.get('trip') ?? []
  if (value === undefined) return [...wrong, 'the run did not end']
  const isOut = value.includes('out')
  for (const [step, wanted] of [
    ['run-1', 1],
    ['run-2', isOut ? 1 : 0],
    ['run-3', 1],
  ] as const)
    if (count(step) !== wanted) wrong.push(`${step}: ${count(step)} effects, and the run says ${value}`)
  return wrong
}

const isGivenUp = (payload: Uint8Array): boolean => Buffer.from(payload).includes('given-up')
const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null

async function exitOf(child: ChildProcess): Promise<ChildProcess> {
  if (isAlive(child)) await once(child, 'exit')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await exitOf(child)
}

function linesOf(file: string): string[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []
}
