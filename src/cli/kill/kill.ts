/**
 * The kill proof: server and clients under load, SIGKILL at random moments, and afterwards every call counted.
 *
 * Invariant: imports nothing of the library but a random number generator; judges by the database, the clients' logs and
 * the bytes of their journals.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../std/prng.ts'
import { openDatabase } from '../demo/database.ts'
import { isAlive, kill, killAll, openWorkplace, showProgress, start } from '../demo/processes.ts'
import { type Evidence, type Findings, isProved, judgeKills, type Life, type Transfer } from './judge.ts'

export interface KillOptions {
  readonly kills: number
  /** Decides whom and when; printed, so that a run can be repeated as far as processes can. */
  readonly seed: number
  readonly json: boolean
  /** Where server.js and client.js are. */
  readonly actors: URL
}

interface Verdict extends Findings {
  readonly kills: number
  readonly serverKills: number
  readonly clientKills: number
  readonly seed: number
  /** Completion records left in the ledger. */
  readonly records: number
  readonly seconds: number
}

const clientCount = 3
const accounts = 20
const startCents = 1_000_000
/** Between two kills, in milliseconds: at least, and how much more. A server may be killed while it starts. */
const pauseMs = [50, 550] as const
/** For all that is open in the end. */
const drainMs = 60_000

/** Runs, prints, and answers the exit code. */
export async function runKillProof(options: KillOptions): Promise<number> {
  const { kills, seed, json } = options
  const startMs = performance.now()
  const workplace = openWorkplace('oncewire-kill-')
  if (!json) process.stdout.write(`${kills} kills, seed ${seed}\n`)
  const run = new KillRun(options, workplace.folder)
  try {
    await run.play()
  } finally {
    killAll()
  }
  const found = judgeKills(run.evidence())
  const { serverKills, clientKills } = run
  const seconds = Math.round((performance.now() - startMs) / 100) / 10
  const verdict = { kills, seed, serverKills, clientKills, ...found, records: run.records(), seconds }
  process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : report(verdict))
  if (isProved(found)) return 0
  workplace.keep()
  process.stderr.write(`database, journals and logs are in ${workplace.folder}\n`)
  return 1
}

function report(verdict: Verdict): string {
  const lines = [
    `killed: the server ${verdict.serverKills} times, a client ${verdict.clientKills} times, in ${verdict.seconds} s`,
    `transfers issued ${verdict.issued}: told ok ${verdict.toldOk}, told never ${verdict.toldNever}, not journalled when their client was killed ${verdict.unborn}`,
    `standing in the database ${verdict.effects}: twice ${verdict.twice}, uncalled for ${verdict.uncalledFor}; told ok and lost ${verdict.lost}`,
    `never settled ${verdict.unsettled}, told this and then that ${verdict.contradicted}, processes that failed by themselves ${verdict.crashed}`,
    `money off by ${verdict.moneyOff} cents; completion records left in the ledger: ${verdict.records}`,
    isProved(verdict) ? 'every transfer exactly once' : 'BROKEN',
  ]
  return `${lines.join('\n')}\n`
}

/** A client in one of its lives. */
interface LivingClient {
  readonly index: number
  readonly log: string
  readonly child: ChildProcess
}

class KillRun {
  serverKills = 0
  clientKills = 0
  private readonly options: KillOptions
  private readonly folder: string
  private readonly file: string
  private readonly random: () => number
  private server: ChildProcess | undefined
  private url = ''
  private readonly clients: LivingClient[] = []
  private readonly lives: Life[] = []
  private starts = 0
  private crashed = 0

  constructor(options: KillOptions, folder: string) {
    this.options = options
    this.folder = folder
    this.file = join(folder, 'bank.db')
    this.random = seededRandom(options.seed)
    const database = openDatabase(this.file)
    database.exec('CREATE TABLE account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)')
    database.exec('CREATE TABLE effect (tag TEXT, source TEXT, target TEXT, cents INTEGER)')
    for (let i = 0; i < accounts; i++) database.exec(`INSERT INTO account VALUES ('account-${i}', ${startCents})`)
    database.close()
  }

  async play(): Promise<void> {
    this.url = await this.firstServer()
    for (let index = 0; index < clientCount; index++) this.startClient(index)
    const { kills } = this.options
    while (this.serverKills + this.clientKills < kills) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs[0] + this.random() * pauseMs[1]))
      if (this.random() < 0.5) await this.killServer()
      else await this.killClient(Math.floor(this.random() * clientCount))
      showProgress(this.serverKills + this.clientKills, kills, 'kills')
    }
    await this.finish()
  }

  evidence(): Evidence {
    const database = openDatabase(this.file)
    const effects = database.prepare('SELECT tag, source, target, cents FROM effect').all() as Transfer[]
    const rows = database.prepare('SELECT name, cents FROM account').all() as { name: string; cents: number }[]
    database.close()
    const balances = new Map(rows.map(({ name, cents }) => [name, cents]))
    return { lives: this.lives, effects, balances, startCents, crashed: this.crashed }
  }

  records(): number {
    const database = openDatabase(this.file)
    const [row] = database.prepare('SELECT count(*) AS n FROM oncewire_record').all() as { n: number }[]
    database.close()
    return Number(row?.n ?? 0)
  }

  private spawn(script: string, args: readonly string[]): ChildProcess {
    const errors = openSync(join(this.folder, `${script}.errors`), 'a')
    const child = start(new URL(script, this.options.actors), args, ['pipe', 'pipe', errors])
    closeSync(errors)
    child.stdin?.on('error', () => {}) // It was killed; its exit says so.
    return child
  }

  /** Takes any free port, which the later ones take again. */
  private async firstServer(): Promise<string> {
    const server = this.spawn('server.js', [this.file, '0'])
    this.server = server
    const line = once(server.stdout as NodeJS.ReadableStream, 'data') as Promise<[Buffer]>
    const exit = once(server, 'exit').then((): never => {
      throw new Error(`the server did not start: ${this.errorsOf('server.js')}`)
    })
    const [url] = await Promise.race([line, exit])
    return url.toString().trim()
  }

  private startServer(): void {
    const before = this.errorsOf('server.js').length
    const server = this.spawn('server.js', [this.file, new URL(this.url).port])
    this.server = server
    server.once('exit', (_, signal) => {
      if (signal !== null || this.server !== server) return
      // A client's own end of a connection may have taken the free port for a moment: then once more.
      if (!this.errorsOf('server.js').slice(before).includes('is taken by another process')) this.crashed++
      this.startServer()
    })
  }

  private startClient(index: number): void {
    const name = `client-${index}-${String(this.starts++).padStart(5, '0')}`
    const log = join(this.folder, `${name}.log`)
    const child = this.spawn('client.js', [this.url, this.journalOf(index), log, name])
    this.clients[index] = { index, log, child }
  }

  private journalOf(index: number): string {
    return join(this.folder, `client-${index}.journal`)
  }

  private async killServer(): Promise<void> {
    const { server } = this
    this.server = undefined
    this.serverKills++
    if (server !== undefined) await kill(server)
    this.startServer()
  }

  private async killClient(index: number): Promise<void> {
    const client = this.clients[index] as LivingClient
    if (!isAlive(client.child)) this.crashed++
    this.clientKills++
    await kill(client.child)
    this.bury(client)
    this.startClient(index)
  }

  /** Lets what is open end. */
  private async finish(): Promise<void> {
    const limit = AbortSignal.timeout(drainMs)
    for (const { child } of this.clients) child.stdin?.end()
    for (const client of this.clients) {
      const { child } = client
      if (isAlive(child)) await once(child, 'exit', { signal: limit }).catch(() => {})
      if (child.exitCode !== 0) this.crashed++
      await kill(child)
      this.bury(client)
    }
    const { server } = this
    this.server = undefined
    if (server !== undefined) await kill(server)
  }

  /** Writes down what a client leaves behind. */
  private bury({ index, log }: LivingClient): void {
    const lines = linesOf(log)
    const issued = lines.flatMap((line) => line.issued ?? [])
    const told = lines.flatMap(({ told: tag, how = '' }) => (tag === undefined ? [] : { tag, how }))
    const settled = new Set(told.map(({ tag }) => tag))
    const journal = existsSync(this.journalOf(index)) ? readFileSync(this.journalOf(index)) : Buffer.alloc(0)
    const journalled = new Set(issued.filter((tag) => !settled.has(tag) && isWhole(journal, tag)))
    this.lives.push({ issued, told, journalled, isEnded: lines.some(({ ended }) => ended !== undefined) })
  }

  private errorsOf(script: string): string {
    return readFileSync(join(this.folder, `${script}.errors`), 'utf8').trim()
  }
}

/**
 * Whether the journal holds the whole call: its arguments end a record, its tag ends the arguments, and Thrift's stop byte
 * ends those. kill -9 does tear a write, where a page of the file ends; what was torn was never sent.
 */
function isWhole(journal: Buffer, tag: string): boolean {
  return journal.includes(`${tag}\0`)
}

interface LogLine {
  readonly issued?: string
  readonly told?: string
  readonly how?: string
  readonly ended?: string
}

function linesOf(file: string): LogLine[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  // The last line of a killed process may be cut.
  return lines.flatMap((line, i) => (i === lines.length - 1 ? [] : [JSON.parse(line) as LogLine]))
}
