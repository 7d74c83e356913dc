/**
 * The stage of one cell: the server, the link, and one call after the other, each with the cell's failure.
 *
 * Invariant: goes by what was seen, never by how long something takes: a client is let go only when its failure has
 * happened, and nobody is killed before what must come first has come by.
 */
import { join } from 'node:path'
import { FaultyLink, type Fate, type Rule, type SeenFrame } from '../link/link.ts'
import { ClientActor, ServerActor } from './actors.ts'
import type { Delivery, Failure } from './matrix.ts'
import { type Event, Timeline } from './timeline.ts'

export interface CellOrders {
  readonly failure: Failure
  readonly delivery: Delivery
  /** Where server.js and client.js are. */
  readonly actors: URL
  /** A folder of this cell alone, with `bank.db` in it. */
  readonly folder: string
}

/** What each call takes from its account. */
export const cents = 1000

const methods = {
  'at-least-once': 'debitAtLeastOnce',
  'at-most-once': 'debitAtMostOnce',
  'exactly-once': 'debitExactlyOnce',
} as const

interface ClientHow {
  readonly isRestarted?: boolean
  readonly attemptMs?: number
  readonly isSecond?: boolean
}

type FrameRule = (frame: SeenFrame, deliver: () => void) => Fate

export class Stage {
  private readonly orders: CellOrders
  private readonly link = new FaultyLink()
  private readonly clients: ClientActor[] = []
  private url = ''
  private server: ServerActor | undefined
  private timeline = new Timeline()
  private calls = 0
  private isClosed = false

  constructor(orders: CellOrders) {
    this.orders = orders
  }

  async open(): Promise<void> {
    this.url = await this.link.listen()
    await this.startServer()
  }

  /** Ends every process, also in the middle of a call. */
  async close(): Promise<void> {
    this.isClosed = true
    this.link.close()
    await Promise.all(this.clients.map((client) => client.kill()))
    await this.server?.kill()
  }

  /** Where the last client that wanted something of `account` writes what it was told. */
  logOf(account: string): string {
    return this.pathOf(account, this.orders.failure === 'second-client', 'log')
  }

  /** One call with the cell's failure, until its client has ended. */
  play(account: string, timeline: Timeline): Promise<void> {
    this.timeline = timeline
    this.calls++
    this.link.rule = this.watched(() => 'delivered')
    switch (this.orders.failure) {
      case 'none':
        return this.client(account).end()
      case 'request-lost':
        return this.faulty(account, first('call', 'lost'))
      case 'reply-lost':
        return this.faulty(account, first('reply', 'lost'))
      case 'repeated':
        return this.faulty(account, first('call', 'twice'))
      case 'delayed':
        return this.delayed(account)
      case 'slow':
        return this.slow(account)
      case 'server-killed-before':
        return this.serverKilled(account, 'call')
      case 'server-killed-inside':
        return this.serverKilledInside(account)
      case 'server-killed-after':
        return this.serverKilled(account, 'reply')
      case 'client-killed':
        return this.clientKilled(account, false)
      case 'both-killed':
        return this.clientKilled(account, true)
      case 'second-client':
        return this.secondClient(account)
    }
  }

  private async faulty(account: string, rule: FrameRule): Promise<void> {
    this.link.rule = this.watched(rule)
    const client = this.client(account)
    await this.timeline.until(() => this.timeline.count(isFaulty) > 0)
    // Where nothing is remembered, what came twice runs twice; wait for that too.
    if (this.orders.failure === 'repeated') await this.ranAgain()
    await client.end()
  }

  /** A copy of the call arrives after its reply; every other time after the acknowledgement, when nobody remembers it. */
  private async delayed(account: string): Promise<void> {
    const { delivery } = this.orders
    const trigger = delivery !== 'at-least-once' && this.calls % 2 === 0 ? 'ack' : 'reply'
    let deliverAgain: (() => void) | undefined
    let isLate = false
    this.link.rule = this.watched((frame, deliver) => {
      if (frame.kind === 'call') deliverAgain ??= deliver
      if (frame.kind === trigger && !isLate) {
        isLate = true
        setImmediate(() => {
          this.timeline.add({ kind: 'late' })
          deliverAgain?.()
        })
      }
      return 'delivered'
    })
    const client = this.client(account)
    // The first answer, and the one to the copy.
    await this.timeline.until(() => this.timeline.count(isAnswer) >= 2)
    await this.ranAgain()
    await client.end()
  }

  private async slow(account: string): Promise<void> {
    await this.server?.arm('slow')
    const client = this.client(account)
    await this.timeline.until(() => this.timeline.count(isRetransmission) > 0)
    await this.ranAgain()
    await client.end()
  }

  /** The server dies as the first frame of `kind` passes, which is lost, and is started again on its file. */
  private async serverKilled(account: string, kind: 'call' | 'reply'): Promise<void> {
    const isPassing = this.intercept(kind)
    const client = this.client(account)
    await isPassing
    await this.restartServer()
    await client.end()
  }

  private async serverKilledInside(account: string): Promise<void> {
    await this.server?.arm('inside')
    const client = this.client(account)
    await this.timeline.until(() => this.timeline.count(isRun) > 0)
    await this.restartServer()
    await client.end()
  }

  private async clientKilled(account: string, isServerToo: boolean): Promise<void> {
    const isReplying = this.intercept('reply')
    const client = this.client(account)
    await isReplying
    await client.kill()
    this.timeline.mark('client', 'kill -9')
    if (isServerToo) await this.restartServer()
    const again = this.client(account, { isRestarted: true })
    this.timeline.mark('client', 'started again')
    await again.end()
  }

  /** The user closes the first window before its answer comes, and does the same in another. */
  private async secondClient(account: string): Promise<void> {
    const isReplying = this.intercept('reply')
    // One attempt only: what is seen here is the user's repetition, not the client's.
    const impatient = this.client(account, { attemptMs: 20_000 })
    await isReplying
    await impatient.kill()
    this.timeline.mark('client', 'the user gives up')
    const second = this.client(account, { isSecond: true })
    this.timeline.mark('client', 'and asks elsewhere')
    await second.end()
  }

  /** Loses the first frame of `kind`; resolves when it came by. */
  private intercept(kind: 'call' | 'reply'): Promise<void> {
    this.link.rule = this.watched(first(kind, 'lost'))
    return this.timeline.until(() => this.timeline.count(isFaulty) > 0)
  }

  private async ranAgain(): Promise<void> {
    if (this.orders.delivery !== 'at-least-once') return
    await this.timeline.until(() => this.timeline.count(isRun) >= 2)
  }

  /** A rule that also writes down what it saw. */
  private watched(rule: FrameRule): Rule {
    const { timeline } = this
    return ({ seen: frame }, deliver) => {
      if (frame === undefined) return 'delivered'
      const fate = rule(frame, deliver)
      timeline.add({ kind: 'frame', frame, fate })
      return fate
    }
  }

  private async startServer(): Promise<void> {
    if (this.isClosed) return
    this.server = new ServerActor(this.orders.actors, {
      file: join(this.orders.folder, 'bank.db'),
      errors: join(this.orders.folder, 'server.errors'),
      onRan: (atNs) => this.timeline.add({ kind: 'ran' }, atNs),
    })
    this.link.pointAt(await this.server.url)
  }

  private async restartServer(): Promise<void> {
    this.link.pointAt(undefined)
    await this.server?.kill()
    this.timeline.mark('server', 'kill -9')
    this.link.cut()
    await this.startServer()
    this.timeline.mark('server', 'started again on its file')
  }

  private pathOf(account: string, isSecond: boolean, what: string): string {
    return join(this.orders.folder, `${account}.${isSecond ? 'second' : 'first'}.${what}`)
  }

  private client(
    account: string,
    { isRestarted = false, attemptMs = 200, isSecond = false }: ClientHow = {},
  ): ClientActor {
    if (this.isClosed) throw new Error(`${account}: no client is started any more`)
    const { failure, delivery, actors } = this.orders
    const isKeyed = failure === 'second-client' && delivery === 'exactly-once'
    const client = new ClientActor(actors, {
      errors: this.pathOf(account, isSecond, 'errors'),
      orders: {
        isRestarted,
        attemptMs,
        account,
        cents,
        url: this.url,
        method: methods[delivery],
        deadlineMs: 15_000,
        journal: this.pathOf(account, isSecond, 'journal'),
        log: this.pathOf(account, isSecond, 'log'),
        ...(isKeyed ? { idempotencyKey: `order of ${account}` } : {}),
      },
    })
    this.clients.push(client)
    return client
  }
}

/** The first frame of `kind` has this fate, the others go on. */
function first(kind: SeenFrame['kind'], fate: Fate): FrameRule {
  let isDone = false
  return (frame) => {
    if (isDone || frame.kind !== kind) return 'delivered'
    isDone = true
    return fate
  }
}

const isRun = (event: Event): boolean => event.kind === 'ran'
const isFaulty = (event: Event): boolean => event.kind === 'frame' && event.fate !== 'delivered'
const isAnswer = (event: Event): boolean =>
  event.kind === 'frame' && (event.frame.kind === 'reply' || event.frame.kind === 'refused')
const isRetransmission = (event: Event): boolean =>
  event.kind === 'frame' && event.frame.kind === 'call' && event.frame.attempt > 1
