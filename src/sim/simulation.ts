/**
 * One simulated world from one seed: faults for a while, then none until everything has ended, then the invariants.
 *
 * Invariant: the same seed and options give the same trace, to the letter.
 */
import { decodeFrame } from '../once/frame-bytes.ts'
import type { Delivery, ReplyFrame } from '../once/frame.ts'
import { Clock, epochMs, type Process } from './clock.ts'
import { ClientLife, type ClientWorld } from './client-life.ts'
import { JournalDisk, LedgerDisk } from './disk.ts'
import { type Fault, Faults } from './faults.ts'
import { violations, type Wanted } from './history.ts'
import { lateMsMax, Network } from './network.ts'
import { kill, type ServerWorld, startServer } from './server-life.ts'
import { shownFrame } from './shown-frame.ts'
import { bankStatements, centsIn, effectsIn } from './postgres/bank.ts'
import { SimPostgres } from './postgres/server.ts'
import { accounts, number } from './workload.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly clients: number
  readonly calls: number
  /** Writes down every event. */
  readonly isTraced?: boolean | undefined
  /** What the servers keep their ledger in; absent: one seed in five has PostgreSQL. */
  readonly ledger?: 'embedded' | 'postgres' | undefined
  /** No other faults than these; absent: all. */
  readonly faults?: readonly Fault[] | undefined
}

export interface SimulationReport {
  readonly seed: number
  /** Empty: nothing is wrong. */
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  /** How often each fault happened. */
  readonly faults: Partial<Record<Fault, number>>
  /** Milliseconds of the simulated world. */
  readonly simulatedMs: number
}

/** Faults go on for so long. */
const faultyMs = 30_000
/** Everything must have ended so long after the last fault. */
const peaceMs = 20 * 60_000

/** Plays one world to its end. */
export async function simulateOnce(options: SimulationOptions): Promise<SimulationReport> {
  // Many errors are made on purpose here, and nobody looks at where.
  const { stackTraceLimit } = Error
  if (options.isTraced !== true) Error.stackTraceLimit = 0
  try {
    return await new Simulation(options).play()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

interface ClientSlot {
  readonly name: string
  readonly disk: JournalDisk | undefined
  life: ClientLife | undefined
  /** A second process on a copy of the journal. */
  clone: ClientLife | undefined
  /** What each life goes on with until it is done; with the steps, if it is a run. */
  readonly unfinished: Map<(life: ClientLife) => void, readonly Wanted[]>
}

class Simulation {
  private readonly options: SimulationOptions
  private readonly clock: Clock
  private readonly faults: Faults
  private readonly network: Network
  private readonly disk: LedgerDisk
  private readonly postgres: SimPostgres | undefined
  private readonly effects = new Map<string, number>()
  private readonly wanted = new Map<string, Wanted>()
  private readonly servers: { readonly name: string; process: Process | undefined }[]
  private readonly serverWorld: ServerWorld
  private readonly clientWorld: ClientWorld
  private readonly clients: ClientSlot[] = []
  /** xid -> the outcome that was sent first (I3). */
  private readonly replies = new Map<string, string>()
  private readonly wrong: string[] = []
  private serverDied = false
  private journalLost = false

  constructor(options: SimulationOptions) {
    this.options = options
    const clock = new Clock(options.seed, options.isTraced ?? false)
    this.clock = clock
    const faults = new Faults(clock, options.faults)
    this.faults = faults
    this.network = new Network(clock, faults)
    this.network.tap = (from, to, bytes) => this.look(from, to, bytes)
    this.disk = new LedgerDisk(() => Math.floor(clock.nowMs), faults)
    const isShared = (options.ledger ?? (options.seed % 5 === 0 ? 'postgres' : 'embedded')) === 'postgres'
    const database = { dateMs: () => Math.floor(epochMs + clock.nowMs), statements: bankStatements() }
    this.postgres = isShared ? new SimPostgres(clock, faults, database) : undefined
    const { network, disk, postgres, effects } = this
    this.serverWorld = {
      clock,
      network,
      disk,
      postgres,
      effects,
      window: clock.pick([1, 2, 8, 1024]),
      duplicates: clock.pick(['attach', 'still-running']),
    }
    const count = clock.chance(isShared ? 0.7 : 0.4) ? (isShared ? clock.pick([2, 2, 3]) : 2) : 1
    const names = ['server-1', 'server-2', 'server-3'].slice(0, count)
    this.servers = names.map((name) => ({ name, process: startServer(name, this.serverWorld) }))
    this.clientWorld = { clock, faults, network, servers: names, wanted: this.wanted }
    for (let i = 0; i < options.clients; i++) {
      const disk = clock.chance(0.75) ? new JournalDisk() : undefined
      this.clients.push({ name: `client-${i + 1}`, disk, life: undefined, clone: undefined, unfinished: new Map() })
    }
  }

  async play(): Promise<SimulationReport> {
    const { clock, options } = this
    for (const client of this.clients) this.start(client)
    for (let i = 0; i < options.calls; i++) {
      const client = clock.pick(this.clients)
      clock.at(clock.between(0, faultyMs), () => this.want(client, i))
    }
    this.everySecond()
    this.lookAfter()
    await clock.run(faultyMs)
    this.peace()
    await clock.run(faultyMs + peaceMs, () => this.isQuiet)
    if (!this.isQuiet) this.wrong.push(`I8 not everything had ended ${peaceMs / 60_000} minutes after the last fault`)
    this.check()
    // Copies that were delayed past everything must still do nothing (I1, I5).
    await clock.run(clock.nowMs + lateMsMax)
    this.check()
    return {
      seed: options.seed,
      violations: [...new Set(this.wrong)],
      trace: clock.trace,
      faults: this.faults.counts,
      simulatedMs: clock.nowMs,
    }
  }

  // --- faults

  private everySecond(): void {
    if (this.faults.isOff) return
    const { clock, faults, network } = this
    for (const server of this.servers) {
      if (faults.strikes('server-killed')) this.killServer(server)
      if (faults.strikes('paused')) server.process?.pause(clock.between(10, 5_000))
      if (server.process?.isDead === true) this.restartServer(server)
    }
    for (const client of this.clients) {
      if (faults.strikes('client-killed')) this.killClient(client)
      if (faults.strikes('paused')) client.life?.process.pause(clock.between(10, 5_000))
      if (faults.strikes('date-stepped')) client.life?.process.stepDate(clock.between(-1e6, 1e6))
      if (faults.strikes('partition'))
        network.part(client.name, clock.pick(this.servers).name, clock.between(100, 8_000))
    }
    if (faults.strikes('both-killed')) {
      this.killServer(clock.pick(this.servers))
      this.killClient(clock.pick(this.clients))
    }
    if (faults.strikes('half-open')) network.halfOpen()
    if (this.postgres !== undefined && faults.strikes('database-crashed')) this.postgres.crash(clock.between(50, 4_000))
    clock.after(1_000, () => this.everySecond())
  }

  /** Whoever looks after the clients makes room on a full disk, and removes a journal that nobody may use. */
  private lookAfter(): void {
    for (const client of this.clients) {
      const { life, disk, unfinished } = client
      if (life?.isJournalUseless === true && disk !== undefined) {
        this.clock.note(() => `the journal of ${client.name} is removed`)
        this.killClient(client)
        disk.entries = []
        disk.backups.length = 0
        // Runs are in the journal alone.
        for (const [go, steps] of unfinished) {
          if (steps.length > 0) unfinished.delete(go)
          for (const step of steps) step.isOrphan = true
        }
      } else if (life?.hasFailed === true) this.killClient(client)
    }
    this.clock.after(2_000, () => this.lookAfter())
  }

  private killServer(server: Simulation['servers'][number]): void {
    if (server.process === undefined || server.process.isDead) return
    kill(server.process, this.serverWorld)
    this.restartServer(server)
  }

  private restartServer(server: Simulation['servers'][number]): void {
    this.serverDied = true
    server.process = undefined
    this.clock.after(this.clock.between(10, 3_000), () => (server.process = startServer(server.name, this.serverWorld)))
  }

  private killClient(client: ClientSlot): void {
    const { clock, faults } = this
    if (client.life === undefined) return
    client.life.die()
    client.clone?.die()
    client.life = client.clone = undefined
    const { disk } = client
    if (disk !== undefined && disk.backups.length > 0 && faults.strikes('journal-restored')) {
      clock.note(() => `the journal of ${client.name} is restored from a backup`)
      this.journalLost = true
      disk.entries = clock.pick(disk.backups)
    }
    clock.after(clock.between(10, 3_000), () => this.start(client))
  }

  private start(client: ClientSlot): void {
    const { faults } = this
    const { name, disk } = client
    if (disk !== undefined && disk.entries.length > 0 && faults.strikes('journal-copied')) {
      // The same bytes in two places: the second opening is fenced, or fences the first.
      this.clock.note(() => `the journal of ${name} is copied`)
      this.journalLost = true
      const copy = new JournalDisk()
      copy.entries = disk.entries
      client.clone = new ClientLife(name, this.clientWorld, copy)
    }
    client.life = new ClientLife(name, this.clientWorld, disk)
    for (const go of client.unfinished.keys()) go(client.life)
  }

  /** No more faults; whoever is dead or deaf comes back. */
  private peace(): void {
    this.clock.note(() => 'no more faults')
    this.faults.isOff = true
    this.network.heal()
    for (const server of this.servers) if (server.process?.isDead === true) this.restartServer(server)
  }

  // --- callers

  private want(client: ClientSlot, index: number): void {
    const { clock } = this
    const kind = clock.pick(['move', 'move', 'count', 'touch', 'fail', 'keyed', 'run'] as const)
    if (kind === 'run' && client.disk !== undefined) {
      const steps = (['exactly-once', 'at-most-once', 'exactly-once'] as const).map((delivery, step) =>
        this.note(`run${index}.${step}`, delivery, { isStep: true }),
      )
      return this.untilDone(client, steps, (life, done) => life.play(`run-${index}`, steps, done))
    }
    if (kind === 'keyed') {
      const wanted = this.note(`keyed${index}`, 'exactly-once', { isKeyed: true })
      return this.untilDone(client, [], (life, done) => life.insist(wanted, `key-${index}`, done))
    }
    // Nobody is there to call.
    if (client.life === undefined) return
    const delivery = kind === 'count' ? 'at-most-once' : kind === 'touch' ? 'at-least-once' : 'exactly-once'
    client.life.call(this.note(`${kind}${index}`, delivery, { fails: kind === 'fail' }))
  }

  private note(tag: string, delivery: Delivery, flags: Partial<Pick<Wanted, 'isKeyed' | 'isStep' | 'fails'>>): Wanted {
    const state = { told: [], code: undefined, resolved: undefined, isResolving: false, isOrphan: false }
    const wanted: Wanted = { tag, delivery, isKeyed: false, isStep: false, fails: false, ...flags, ...state }
    this.wanted.set(tag, wanted)
    return wanted
  }

  /** Goes on in every life of the client until it is done. */
  private untilDone(
    client: ClientSlot,
    steps: readonly Wanted[],
    begin: (life: ClientLife, done: () => void) => void,
  ): void {
    const go = (life: ClientLife): void => begin(life, () => client.unfinished.delete(go))
    client.unfinished.set(go, steps)
    if (client.life !== undefined) go(client.life)
  }

  // --- what must hold

  private get isQuiet(): boolean {
    return (
      this.clients.every(({ life, unfinished }) => life?.isRecovered === true && unfinished.size === 0) &&
      [...this.wanted.values()].every((one) => (one.told.length > 0 && !one.isResolving) || one.isOrphan)
    )
  }

  /** Every reply of an xid carries the same outcome (I3). */
  private look(from: Process, to: Process, bytes: Uint8Array): void {
    const { clock } = this
    const isReply = bytes[0] === replyKind
    clock.note(() => `${from.name} -> ${to.name}: ${shownFrame(decodeFrame(bytes))}`)
    if (!isReply) return
    const frame = decodeFrame(bytes) as ReplyFrame
    const xid = `${frame.session}:${frame.number}`
    const outcome = JSON.stringify(frame.outcome, (_, value: unknown) =>
      value instanceof Uint8Array ? String(value) : value,
    )
    if (/^0+$/.test(frame.session)) return
    const before = this.replies.get(xid)
    if (before !== undefined && before !== outcome) this.wrong.push(`I3 ${xid}: ${before}, then ${outcome}`)
    this.replies.set(xid, outcome)
  }

  private check(): void {
    const kept = this.kept()
    const effectsOf = (tag: string): number => (this.effects.get(tag) ?? 0) + kept.effectsOf(tag)
    const { serverDied } = this
    const journalLost = this.journalLost || (this.faults.counts['journal-full'] ?? 0) > 0
    const isFarAway = this.servers.length > 1
    const excuses = { serverDied, journalLost, isFarAway }
    this.wrong.push(...violations([...this.wanted.values()], { effectsOf, excuses }), ...kept.wentDown)
    const { cents } = kept
    if (cents !== 0) this.wrong.push(`I10 money was ${cents > 0 ? 'made' : 'lost'}: ${cents}`)
    const { sessions, records } = kept.held
    const most = (2 * this.serverWorld.window + 1) * sessions
    if (records > most)
      this.wrong.push(`I7 ${records} records of ${sessions} sessions, and at most ${most} are allowed`)
  }

  /** What the ledger's database holds in the end, whichever it is. */
  private kept(): Kept {
    const { disk, postgres } = this
    if (postgres !== undefined) {
      const { database, wentDown } = postgres
      const effectsOf = (tag: string): number => effectsIn(database, tag)
      return { effectsOf, cents: centsIn(database), held: postgres.held(), wentDown }
    }
    let cents = 0
    for (let i = 0; i < accounts; i++) cents += number(disk.values.get(`account ${i}`))
    const effectsOf = (tag: string): number => number(disk.values.get(`effect ${tag}`))
    return { effectsOf, cents, held: disk.held(), wentDown: disk.wentDown }
  }
}

interface Kept {
  effectsOf(tag: string): number
  readonly cents: number
  readonly held: { readonly sessions: number; readonly records: number }
  readonly wentDown: readonly string[]
}

/** Byte 0 of a REPLY (docs/protocol.md). */
const replyKind = 4
