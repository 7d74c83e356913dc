/**
 * One life of a simulated client: the production caller, and an application that calls, waits, gives up and dies.
 *
 * Invariant: an application is told everything in the process that asked, or in a later one of the same journal.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { defaultLimits } from '../driver/limits.ts'
import type { Recovered } from '../driver/recovered.ts'
import type { Run } from '../driver/runs.ts'
import { SessionCaller } from '../driver/session-caller.ts'
import { compileService } from '../rpc/compile.ts'
import type { CallOptions, CompiledMethod, Service } from '../rpc/service.ts'
import { createStub } from '../rpc/stub.ts'
import { type Clock, Process } from './clock.ts'
import { type JournalDisk, SimJournal } from './disk.ts'
import type { Faults } from './faults.ts'
import type { Wanted } from './history.ts'
import type { Network } from './network.ts'
import { Bank } from './workload.ts'

export interface ClientWorld {
  readonly clock: Clock
  readonly faults: Faults
  readonly network: Network
  readonly servers: readonly string[]
  /** By tag. */
  readonly wanted: ReadonlyMap<string, Wanted>
}

const methods: ReadonlyMap<string, CompiledMethod> = new Map(
  [...compileService(Bank as Service<unknown>).values()].map((method) => [method.name, method]),
)
type Patience = Pick<CallOptions, 'deadlineMs' | 'signal' | 'idempotencyKey'>
/** Longer than any world lasts; but the server that holds an at-most-once call may be one to which nobody comes back. */
const patience = ({ delivery }: Wanted): number => (delivery === 'at-most-once' ? 60_000 : 1e9)

export class ClientLife {
  readonly process: Process
  /** What its operator is told: the journal is an old copy, or a copy in use. It must be removed. */
  isJournalUseless = false
  /** Every outcome of an earlier life has been handed over. */
  isRecovered: boolean
  private readonly world: ClientWorld
  private readonly journal: SimJournal | undefined
  private readonly caller: SessionCaller
  private readonly bank: Bank
  /** Told nothing yet. */
  private readonly open = new Set<Wanted>()
  private dials = 0

  constructor(name: string, world: ClientWorld, disk: JournalDisk | undefined) {
    const { clock, network, servers } = world
    this.world = world
    this.process = new Process(clock, name)
    this.journal = disk === undefined ? undefined : new SimJournal(disk, this.process, world)
    this.isRecovered = disk === undefined
    this.caller = new SessionCaller(
      {
        journal: this.journal,
        addresses: servers,
        methods,
        world: this.process,
        endpoint: () => this.server,
        dial: async (owner) => {
          try {
            return await network.connect(this.process, this.server, owner)
          } catch (error) {
            this.dials++
            throw error
          }
        },
      },
      { retransmission: { attemptMs: 200, attemptMsMax: 4_000, pingMs: 1_000 }, deadlineMs: 1e9 },
      defaultLimits,
    )
    this.bank = createStub(Bank, (method, values, options) => this.caller.invoke(method, values, options ?? {}))
    clock.note(() => `${name} starts`)
    this.caller.ready(1e9).catch((error: unknown) => clock.note(() => `${name} is refused: ${String(error)}`))
    if (disk !== undefined) void this.recover()
  }

  /** The one that it talks to, until nobody answers there. */
  private get server(): string {
    const { servers } = this.world
    return servers[this.dials % servers.length] as string
  }

  die(): void {
    if (this.process.isDead) return
    this.world.clock.note(() => `${this.process.name} dies`)
    this.process.kill()
    this.journal?.crashed()
    this.world.network.processDied(this.process)
    for (const one of this.open) one.isOrphan = true
  }

  /** Makes one call and is told how it ended. */
  call(wanted: Wanted): void {
    const { clock, faults } = this.world
    const isHurried = faults.strikes('impatient')
    const cancel = faults.strikes('cancelled') ? new AbortController() : undefined
    if (cancel !== undefined) this.process.wakeAt(clock.nowMs + clock.between(0, 500), () => cancel.abort())
    clock.note(() => `${this.process.name} calls ${wanted.tag}`)
    this.tell(
      wanted,
      this.make(wanted, { deadlineMs: isHurried ? clock.between(5, 2_000) : patience(wanted), signal: cancel?.signal }),
    )
  }

  /** Calls again, under the same key, until it succeeds; `done` then. */
  insist(wanted: Wanted, key: string, done: () => void): void {
    const { clock } = this.world
    const options = { deadlineMs: clock.between(500, 5_000), idempotencyKey: key }
    this.make(wanted, options).then(
      (tag) => {
        if (this.process.isDead) return
        wanted.told.push(tag === wanted.tag ? 'ok' : 'unknown')
        done()
      },
      (error: unknown) => {
        if (this.process.isDead) return
        clock.note(() => `${this.process.name} is told ${codeOf(error)} of ${wanted.tag}, and tries again`)
        this.judge(error)
        this.process.wakeAt(clock.nowMs + clock.between(10, 1_000), () => this.insist(wanted, key, done))
      },
    )
  }

  /** Plays a run to its end; `done` when it has one. */
  play(name: string, steps: readonly Wanted[], done: () => void): void {
    const { clock } = this.world
    const body = async (run: Run): Promise<void> => {
      const bank = run.client(Bank)
      for (const step of steps) {
        await run.step('time', () => clock.nowMs)
        const ended = this.make(step, { deadlineMs: patience(step) }, bank)
        this.tell(step, ended)
        await ended.catch((error: unknown) => {
          if (!(error instanceof OncewireError)) throw error
        })
      }
    }
    this.caller.runs.run(name, body).then(
      () => done(),
      (error: unknown) => {
        if (this.process.isDead) return
        clock.note(() => `${this.process.name}: run ${name} ended: ${String(error)}`)
        // Of a journal that is lost, its steps are orphans; anything else is a fault of ours, found by I8.
        if (error instanceof OncewireError && !goesOnLater.has(error.code)) done()
      },
    )
  }

  private make({ tag, delivery, fails }: Wanted, options: Patience, bank: Bank = this.bank): Promise<string> {
    if (delivery === 'at-least-once') return bank.touch(tag, options)
    if (delivery === 'at-most-once') return bank.count(tag, options)
    if (fails) return bank.fail(tag, options)
    const from = tag.length % 4
    return bank.move(from, (from + 1) % 4, tag.charCodeAt(tag.length - 1), tag, options)
  }

  private tell(wanted: Wanted, ended: Promise<string>): void {
    const { clock } = this.world
    this.open.add(wanted)
    ended.then(
      (tag) => {
        if (this.process.isDead) return
        clock.note(() => `${this.process.name} is told ok of ${wanted.tag}`)
        this.open.delete(wanted)
        // I0: a success told to a call is the outcome of that call.
        wanted.told.push(tag === wanted.tag ? 'ok' : 'never')
      },
      (error: unknown) => {
        if (this.process.isDead) return
        clock.note(() => `${this.process.name} is told ${codeOf(error)} of ${wanted.tag}`)
        this.open.delete(wanted)
        this.learn(wanted, error)
      },
    )
  }

  private judge(error: unknown): void {
    const isUseless = error instanceof OncewireError && (error.code === 'journal-behind' || error.code === 'fenced')
    if (isUseless) this.isJournalUseless = true
  }

  private learn(wanted: Wanted, error: unknown): void {
    if (!(error instanceof OncewireError)) throw error
    this.judge(error)
    wanted.told.push(error.executed)
    wanted.code = error.code
    if (error.resolved === undefined) return
    wanted.isResolving = true
    this.open.add(wanted)
    void error.resolved.then((executed) => {
      if (this.process.isDead) return
      this.world.clock.note(() => `${this.process.name} learns that ${wanted.tag} is ${executed}`)
      this.open.delete(wanted)
      wanted.isResolving = false
      wanted.resolved = executed
    })
  }

  /** Its journal cannot be written any more: whoever looks after it makes room and starts it again. */
  get hasFailed(): boolean {
    return this.journal?.hasFailed === true
  }

  private async recover(): Promise<void> {
    for await (const recovered of this.caller.recovered) {
      if (this.process.isDead) return
      const wanted = this.world.wanted.get(String(recovered.args.at(-1)))
      if (wanted !== undefined) this.recovered(wanted, recovered.outcome)
    }
    if (!this.process.isDead) this.isRecovered = true
  }

  private recovered(wanted: Wanted, outcome: Recovered['outcome']): void {
    this.world.clock.note(() => `${this.process.name} recovers ${wanted.tag}: ${outcome.kind}`)
    if (wanted.isKeyed) return
    if (outcome.kind === 'failure') this.learn(wanted, outcome.error)
    else wanted.told.push('ok')
  }
}

/** What ends this life's try of a run, and not the run; what is no operating error is found by I8. */
const goesOnLater: ReadonlySet<string> = new Set(['journal-failed', 'closed', 'non-deterministic-run'])

function codeOf(error: unknown): string {
  return error instanceof OncewireError ? `${error.code} (${error.executed})` : String(error)
}
