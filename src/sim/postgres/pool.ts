/**
 * A server's connections to a simulated PostgreSQL: what the ledger takes for a `pg.Pool`.
 *
 * Invariant: a connection carries statements and answers in order, each one step of the world's clock. When it breaks, the
 * client is told; the backend goes on with what had reached it, a COMMIT perhaps, until it finds out too.
 */
import type { PostgresClient, PostgresPool, PostgresQuery, PostgresResult } from '../../ledger/postgres-pool.ts'
import type { Clock, Process } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Backend, Done } from './backend.ts'
import type { Database } from './database.ts'
import { DatabaseError } from './errors.ts'

export interface PoolWorld {
  readonly clock: Clock
  readonly faults: Faults
  readonly database: Database
  /** Nobody can connect: it starts. */
  readonly isDown: () => boolean
  /** The process that has this pool dies. */
  readonly kill: () => void
}

export interface PoolOptions {
  readonly max: number
  /** Statements need not wait for the answers to those before them. */
  readonly pipeline: boolean
}

export class SimPool implements PostgresPool {
  readonly options: PoolOptions
  private readonly process: Process
  private readonly world: PoolWorld
  private readonly idle: SimClient[] = []
  private readonly open = new Set<SimClient>()
  private readonly waiting: { resolve(client: PostgresClient): void; reject(error: unknown): void }[] = []

  constructor(process: Process, world: PoolWorld, options: PoolOptions) {
    this.process = process
    this.world = world
    this.options = options
  }

  async connect(): Promise<PostgresClient> {
    for (let client = this.idle.pop(); client !== undefined; client = this.idle.pop()) {
      if (!client.isBroken) return client
      this.open.delete(client)
    }
    if (this.open.size >= this.options.max)
      return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
    return this.fresh()
  }

  private async fresh(): Promise<SimClient> {
    const { clock, database, isDown } = this.world
    const client = new SimClient(this.process, this.world, this)
    this.open.add(client)
    await new Promise<void>((resolve) => clock.after(clock.between(0.5, 3), () => this.process.within(resolve)))
    if (isDown()) {
      this.open.delete(client)
      throw new Error('connect ECONNREFUSED')
    }
    client.begin(database.connect())
    return client
  }

  released(client: SimClient): void {
    if (client.isBroken) this.open.delete(client)
    const next = this.waiting.shift()
    if (next === undefined) {
      if (!client.isBroken) this.idle.push(client)
    } else if (!client.isBroken) next.resolve(client)
    // As pg does: who waited is told if no connection can be made.
    else void this.fresh().then(next.resolve, next.reject)
  }

  /** The process was killed: the database finds out, later. */
  died(): void {
    for (const client of this.open) client.leave()
  }

  /** Every connection breaks, and both ends hear of it some time. */
  cut(): void {
    for (const client of this.open) client.cut()
  }
}

interface Sent {
  readonly query: PostgresQuery
  readonly arriveMs: number
  readonly resolve: (result: PostgresResult) => void
  readonly reject: (error: Error) => void
}

class SimClient implements PostgresClient {
  readonly pipeline: boolean
  /** The client knows that it is of no use any more. */
  isBroken = false
  private readonly process: Process
  private readonly world: PoolWorld
  private readonly pool: SimPool
  private backend: Backend | undefined
  /** On its way to the backend, or there and not begun. */
  private queue: Sent[] = []
  private isBusy = false
  private readonly unanswered = new Set<Sent>()
  private lastArriveMs = 0
  private hasLeft = false
  private readonly listeners = new Set<(error: Error) => void>()

  constructor(process: Process, world: PoolWorld, pool: SimPool) {
    this.process = process
    this.world = world
    this.pool = pool
    this.pipeline = pool.options.pipeline
  }

  begin(backend: Backend): void {
    this.backend = backend
  }

  query(query: PostgresQuery): Promise<PostgresResult> {
    if (this.process.isDead) return new Promise(() => {})
    if (this.isBroken) return Promise.reject(lost())
    return new Promise((resolve, reject) => {
      const { clock, faults } = this.world
      const travelMs = clock.between(0.05, 0.5) + (faults.strikes('database-slow') ? clock.between(10, 3_000) : 0)
      this.lastArriveMs = Math.max(this.lastArriveMs, clock.nowMs + travelMs)
      const sent = { query, arriveMs: this.lastArriveMs, resolve, reject }
      this.unanswered.add(sent)
      this.queue.push(sent)
      this.goOn()
      if (faults.strikes('connection-cut')) this.cut()
    })
  }

  release(error?: Error | boolean): void {
    if (this.process.isDead) return
    if (error !== undefined && error !== false) this.cut()
    this.pool.released(this)
  }

  on(_: 'error', listener: (error: Error) => void): void {
    this.listeners.add(listener)
  }

  off(_: 'error', listener: (error: Error) => void): void {
    this.listeners.delete(listener)
  }

  /** The client is gone, or gives up: what it sent last may never arrive, and the backend hears of it some time. */
  leave(): void {
    const { clock, faults } = this.world
    if (this.hasLeft) return
    this.hasLeft = true
    this.queue.length = Math.floor(clock.random() * (this.queue.length + 1))
    this.after(faults.strikes('disconnect-unheard') ? clock.between(5, 10_000) : clock.between(0, 5))
  }

  /** The connection breaks between the two, and the client hears of it now. */
  cut(): void {
    this.leave()
    this.broke()
  }

  broke(): void {
    if (this.isBroken) return
    this.isBroken = true
    this.process.within(() => {
      for (const { reject } of this.unanswered) reject(lost())
      for (const told of this.listeners) told(lost())
    })
  }

  /** The backend ends when it has nothing left to do: while it waits for a lock it does not listen. */
  private after(ms: number): void {
    this.world.clock.after(ms, () => {
      const { backend } = this
      if (backend === undefined || backend.isGone) return
      if (this.isBusy || this.queue.length > 0) this.after(50)
      else backend.end()
    })
  }

  private goOn(): void {
    const [next] = this.queue
    if (this.isBusy || next === undefined) return
    const { clock } = this.world
    this.isBusy = true
    clock.at(Math.max(next.arriveMs, clock.nowMs + clock.between(0.01, 0.2)), () => this.next())
  }

  /** The backend takes the next statement. */
  private next(): void {
    const { backend, world } = this
    const { faults, clock, database } = world
    const sent = this.queue.shift()
    this.isBusy = sent !== undefined
    if (sent === undefined || backend === undefined || backend.isGone) return
    const { text, name, values = [] } = sent.query
    clock.note(() => `${this.process.name} #${backend.pid}: ${name ?? text.slice(0, 60)}`)
    const told = (given: Done | DatabaseError): void => this.answered(sent, given)
    if (text === 'COMMIT' && faults.strikes('killed-in-transaction')) world.kill()
    if (faults.strikes('backend-killed')) {
      backend.end()
      return this.broke()
    }
    if (!cannotFail.test(text) && faults.strikes('serialization')) {
      // Of a COMMIT that fails nothing is left; after any other statement the transaction waits for its ROLLBACK.
      if (text === 'COMMIT') backend.run('ROLLBACK', { values: [], meaning: undefined }, () => {})
      return backend.fail(new DatabaseError('40001', 'could not serialize access'), told)
    }
    backend.run(text, { values, meaning: database.meaningOf(text, name) }, told)
  }

  private answered(sent: Sent, given: Done | DatabaseError): void {
    const { clock, faults } = this.world
    this.isBusy = false
    this.goOn()
    if (this.isBroken || this.process.isDead) return
    clock.note(() => `${this.process.name} #${this.backend?.pid}: ${shown(given)}`)
    const isCommit = !(given instanceof DatabaseError) && given.command === 'COMMIT'
    if (isCommit && faults.strikes('killed-after-commit')) return this.world.kill()
    if (isCommit && faults.strikes('commit-unheard')) return this.cut()
    clock.after(clock.between(0.05, 0.5), () =>
      this.process.within(() => {
        if (this.isBroken || !this.unanswered.delete(sent)) return
        if (given instanceof DatabaseError) sent.reject(given)
        else sent.resolve(given)
      }),
    )
  }
}

const cannotFail = /^(BEGIN|ROLLBACK)/

function shown(given: Done | DatabaseError): string {
  return given instanceof DatabaseError ? `${given.code} ${given.message}` : `${given.command} ${given.rowCount}`
}

function lost(): Error {
  return new Error('Connection terminated unexpectedly')
}
