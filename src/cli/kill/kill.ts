/**
 * The kill proof: server and clients under load, SIGKILL at random moments, and afterwards every call counted.
 *
 * Invariant: imports nothing of the library but a random number generator; judges by the database and by the clients' logs.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../std/prng.ts'
import { openDatabase } from '../demo/database.ts'

export interface KillOptions {
  readonly kills: number
  /** Decides whom and when; printed, so that a run can be repeated as far as processes can. */
  readonly seed: number
  readonly json: boolean
  /** Where server.js and client.js are. */
  readonly actors: URL
}

interface Verdict {
  readonly kills: number
  readonly serverKills: number
  readonly clientKills: number
  readonly seed: number
  readonly issued: number
  readonly told: number
  readonly effects: number
  readonly twice: number
  /** Told ok, and no effect stands. */
  readonly lost: number
  /** An effect that nobody was told of, or a call that never settled. */
  readonly unsettled: number
  readonly moneyOff: number
  readonly records: number
  readonly seconds: number
}

const clientCount = 3
const accounts = 20
const startCents = 1_000_000
/** Between two kills, in milliseconds: at least, and how much more. */
const pauseMs = [100, 400] as const

/** Runs, prints, and answers the exit code. */
export async function runKillProof(options: KillOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-kill-'))
  const startMs = performance.now()
  const run = new KillRun(options, folder)
  process.once('exit', () => run.killAll())
  process.once('SIGINT', () => process.exit(130))
  if (!options.json) process.stdout.write(`${options.kills} kills, seed ${options.seed}\n`)
  try {
    await run.play()
  } finally {
    run.killAll()
  }
  const verdict = run.judge((performance.now() - startMs) / 1000)
  const isGood = verdict.twice === 0 && verdict.lost === 0 && verdict.unsettled === 0 && verdict.moneyOff === 0
  process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : report(verdict, isGood))
  if (isGood) rmSync(folder, { recursive: true, force: true })
  else process.stderr.write(`database, journals and logs are in ${folder}\n`)
  return isGood ? 0 : 1
}

function report(verdict: Verdict, isGood: boolean): string {
  const lines = [
    `killed: the server ${verdict.serverKills} times, a client ${verdict.clientKills} times, in ${verdict.seconds.toFixed(0)} s`,
    `transfers issued ${verdict.issued}, settled ${verdict.told}, standing in the database ${verdict.effects}`,
    `executed twice ${verdict.twice}, told ok and lost ${verdict.lost}, never settled ${verdict.unsettled}, money off by ${verdict.moneyOff} cents`,
    `completion records left in the ledger: ${verdict.records}`,
    isGood ? 'every transfer exactly once' : 'BROKEN',
  ]
  return `${lines.join('\n')}\n`
}

class KillRun {
  private readonly options: KillOptions
  private readonly folder: string
  private readonly file: string
  private readonly living = new Set<ChildProcess>()
  private readonly random: () => number
  private server: ChildProcess | undefined
  private url = ''
  private readonly clients: (ChildProcess | undefined)[] = []
  private readonly starts: number[] = []
  private serverKills = 0
  private clientKills = 0

  constructor(options: KillOptions, folder: string) {
    this.options = options
    this.folder = folder
    this.file = join(folder, 'bank.db')
    this.random = seededRandom(options.seed)
    const database = openDatabase(this.file)
    database.exec('CREATE TABLE account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)')
    database.exec('CREATE TABLE effect (tag TEXT NOT NULL)')
    for (let i = 0; i < accounts; i++) database.exec(`INSERT INTO account VALUES ('account-${i}', ${startCents})`)
    database.close()
  }

  async play(): Promise<void> {
    await this.startServer()
    for (let i = 0; i < clientCount; i++) this.startClient(i)
    for (let kill = 1; kill <= this.options.kills; kill++) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs[0] + this.random() * pauseMs[1]))
      if (this.random() < 0.5) await this.killServer()
      else await this.killClient(Math.floor(this.random() * clientCount))
      progress(kill, this.options.kills)
    }
    await this.finish()
  }

  killAll(): void {
    for (const child of this.living) child.kill('SIGKILL')
  }

  private spawn(script: string, args: readonly string[]): ChildProcess {
    const path = fileURLToPath(new URL(script, this.options.actors))
    const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.living.add(child)
    child.on('exit', () => this.living.delete(child))
    return child
  }

  /** The first start takes any port, the others the same. */
  private async startServer(): Promise<void> {
    this.server = this.spawn('server.js', [this.file, this.url === '' ? '0' : new URL(this.url).port])
    const [line] = (await once(this.server.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer]
    this.url = line.toString().trim()
  }

  private startClient(index: number): void {
    const start = (this.starts[index] ?? 0) + 1
    this.starts[index] = start
    const log = join(this.folder, `client-${index}.log`)
    this.clients[index] = this.spawn('client.js', [
      this.url,
      join(this.folder, `client-${index}.journal`),
      log,
      `client-${index}`,
      String(start * 1_000_000),
    ])
  }

  private async killServer(): Promise<void> {
    this.serverKills++
    await kill(this.server)
    await this.startServer()
  }

  private async killClient(index: number): Promise<void> {
    this.clientKills++
    await kill(this.clients[index])
    this.startClient(index)
  }

  /** Lets what is open end. */
  private async finish(): Promise<void> {
    const ended = this.clients.flatMap((client) => (client === undefined ? [] : [once(client, 'exit')]))
    for (const client of this.clients) client?.stdin?.end()
    await Promise.race([
      Promise.all(ended),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error('a client did not end within 150 s')), 150_000).unref(),
      ),
    ])
    await kill(this.server)
  }

  judge(seconds: number): Verdict {
    const database = openDatabase(this.file)
    const rows = database.prepare('SELECT tag, count(*) AS n FROM effect GROUP BY tag').all() as {
      tag: string
      n: number
    }[]
    const effects = new Map(rows.map(({ tag, n }) => [tag, Number(n)]))
    const [money] = database.prepare('SELECT sum(cents) AS cents FROM account').all() as { cents: number }[]
    const [records] = database.prepare('SELECT count(*) AS n FROM oncewire_record').all() as { n: number }[]
    database.close()
    const issued = new Set<string>()
    const told = new Map<string, string>()
    for (let i = 0; i < clientCount; i++) {
      for (const line of linesOf(join(this.folder, `client-${i}.log`))) {
        if (line.issued !== undefined) issued.add(line.issued)
        if (line.told !== undefined) told.set(line.told, line.how ?? '')
      }
    }
    const calls = [...issued]
    return {
      kills: this.options.kills,
      serverKills: this.serverKills,
      clientKills: this.clientKills,
      seed: this.options.seed,
      issued: issued.size,
      told: told.size,
      effects: effects.size,
      twice: [...effects.values()].filter((n) => n > 1).length,
      lost: calls.filter((tag) => told.get(tag) === 'ok' && !effects.has(tag)).length,
      // A call whose process died before it was in the journal has no effect, and nobody to tell.
      unsettled: calls.filter((tag) => (effects.has(tag) ? told.get(tag) !== 'ok' : told.get(tag) === 'unknown'))
        .length,
      moneyOff: Number(money?.cents ?? 0) - accounts * startCents,
      records: Number(records?.n ?? 0),
      seconds,
    }
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

function linesOf(file: string): { readonly issued?: string; readonly told?: string; readonly how?: string }[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  // The last line of a killed process may be cut.
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as { issued?: string; told?: string; how?: string }]
    } catch {
      return []
    }
  })
}

function progress(done: number, all: number): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r${done} of ${all} kills${done === all ? '\r\u001b[K' : ''}`)
}
