/**
 * Runs one cell of the matrix for real: a server process, client processes, a faulty link between them.
 *
 * Invariant: what is judged was read from the database and from the clients' own logs after all had ended.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClientActor, ServerActor } from './actors.ts'
import { createBank, readBalances } from './database.ts'
import { judge } from './judge.ts'
import { FaultyLink } from './link.ts'
import type { CallResult, Cell, Delivery, Failure, Told } from './matrix.ts'
import { Timeline } from './timeline.ts'

export interface CellOrders {
  readonly failure: Failure
  readonly delivery: Delivery
  readonly calls: number
  /** Where server.js and client.js are. */
  readonly actors: URL
  /** A folder of this cell alone. */
  readonly folder: string
}

const startCents = 100_000
const cents = 1000
/** Of one call with all that befalls it. */
const callMsMax = 25_000

const methods = {
  'at-least-once': 'debitAtLeastOnce',
  'at-most-once': 'debitAtMostOnce',
  'exactly-once': 'debitExactlyOnce',
} as const

/** The cell as judged, and what happened to its first call, step by step. */
export async function runCell(orders: CellOrders): Promise<{ readonly cell: Cell; readonly timeline: Timeline }> {
  mkdirSync(orders.folder, { recursive: true })
  const accounts = Array.from({ length: orders.calls }, (_, i) => `account-${i + 1}`)
  const file = join(orders.folder, 'bank.db')
  createBank(file, accounts, startCents)
  const stage = await Stage.open(orders, file)
  let first: Timeline | undefined
  const told: Told[] = []
  try {
    for (const account of accounts) {
      const timeline = new Timeline()
      first ??= timeline
      told.push(
        await withTimeLimit(stage.play(account, timeline), `${orders.failure} x ${orders.delivery}, ${account}`),
      )
    }
  } finally {
    await stage.close()
  }
  const balances = readBalances(file)
  const results = accounts.map((account, i): CallResult => {
    return { told: told[i] as Told, effects: (startCents - (balances.get(account) ?? 0)) / cents }
  })
  return { cell: judge(orders.failure, orders.delivery, results), timeline: first ?? new Timeline() }
}

async function withTimeLimit<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not over after ${callMsMax} ms`)), callMsMax)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** The server, the link, and one call after the other. */
class Stage {
  private readonly orders: CellOrders
  private readonly file: string
  private readonly link: FaultyLink
  private readonly url: string
  private server: ServerActor
  private timeline = new Timeline()

  private constructor(
    orders: CellOrders,
    file: string,
    joined: { link: FaultyLink; url: string; server: ServerActor },
  ) {
    this.orders = orders
    this.file = file
    this.link = joined.link
    this.url = joined.url
    this.server = joined.server
  }

  static async open(orders: CellOrders, file: string): Promise<Stage> {
    const link = new FaultyLink()
    const url = await link.listen()
    const server = await ServerActor.start(orders.actors, file)
    link.pointAt(server.url)
    return new Stage(orders, file, { link, url, server })
  }

  async close(): Promise<void> {
    this.link.close()
    await this.server.kill()
  }

  /** One call with the cell's failure; answers the last word that the application got. */
  async play(account: string, timeline: Timeline): Promise<Told> {
    this.timeline = timeline
    const { failure } = this.orders
    switch (failure) {
      case 'slow':
        await this.server.arm('slow')
        return this.simple(account, passing(timeline), 600)
      case 'server-killed-before':
        return this.serverKilled(account, 'call')
      case 'server-killed-after':
        return this.serverKilled(account, 'reply')
      case 'server-killed-inside':
        return this.serverKilledInside(account)
      case 'client-killed':
      case 'both-killed':
        return this.clientKilled(account, failure === 'both-killed')
      case 'second-client':
        return this.secondClient(account)
      default:
        return this.simple(account, this.ruleFor(failure), failure === 'delayed' ? 400 : 0)
    }
  }

  private async simple(account: string, rule: FaultyLink['rule'], lingerMs: number): Promise<Told> {
    this.link.rule = rule
    const client = this.client(account, { lingerMs })
    await client.ended()
    return this.told(account)
  }

  private ruleFor(failure: Failure): FaultyLink['rule'] {
    const { timeline } = this
    let isDone = false
    const watched = passing(timeline)
    return (frame, deliver) => {
      const isWanted = failure === 'reply-lost' ? frame.kind === 'reply' : frame.kind === 'call'
      if (failure === 'none' || isDone || !isWanted || frame.kind === 'other') return watched(frame, deliver)
      isDone = true
      switch (failure) {
        case 'repeated':
          timeline.add('call', { ...frame, fate: 'twice' })
          return { copies: 2 }
        case 'delayed':
          timeline.add('call', frame)
          setTimeout(() => {
            timeline.add('call', { ...frame, fate: 'late' })
            deliver()
          }, 250)
          return { copies: 1 }
        default:
          timeline.add(frame.kind, { ...frame, fate: 'lost' })
          return { copies: 0 }
      }
    }
  }

  /** The server dies as the first frame of `kind` passes, which is lost, and is started again on its file. */
  private async serverKilled(account: string, kind: 'call' | 'reply'): Promise<Told> {
    const isPassing = this.intercept(kind)
    const client = this.client(account, {})
    await isPassing
    await this.restartServer()
    await client.ended()
    return this.told(account)
  }

  private async serverKilledInside(account: string): Promise<Told> {
    await this.server.arm('inside')
    this.link.rule = passing(this.timeline)
    const inside = this.server.inside()
    const client = this.client(account, {})
    await inside
    await this.restartServer()
    await client.ended()
    return this.told(account)
  }

  private async clientKilled(account: string, isServerToo: boolean): Promise<Told> {
    const isReplying = this.intercept('reply')
    const client = this.client(account, {})
    await isReplying
    await client.kill()
    this.timeline.mark('client', 'kill -9')
    if (isServerToo) await this.restartServer()
    const again = this.client(account, { isRestarted: true })
    this.timeline.mark('client', 'started again')
    await again.ended()
    return this.told(account)
  }

  /** The user closes the first window before its answer comes, and does the same in another. */
  private async secondClient(account: string): Promise<Told> {
    const isReplying = this.intercept('reply')
    // One attempt only: what is seen here is the user's repetition, not the client's.
    const first = this.client(account, { attemptMs: 20_000 })
    await isReplying
    await first.kill()
    this.timeline.mark('client', 'the user gives up')
    const second = this.client(account, { window: 'second' })
    this.timeline.mark('client', 'and asks elsewhere')
    await second.ended()
    return this.told(account, 'second')
  }

  /** Loses the first frame of `kind`; resolves when it came by. */
  private intercept(kind: 'call' | 'reply'): Promise<void> {
    const { timeline } = this
    return new Promise((resolve) => {
      let isDone = false
      const watched = passing(timeline)
      this.link.rule = (frame, deliver) => {
        if (isDone || frame.kind !== kind) return watched(frame, deliver)
        isDone = true
        timeline.add(kind, { ...frame, fate: 'lost' })
        return { copies: 0, after: resolve }
      }
    })
  }

  private async restartServer(): Promise<void> {
    this.link.pointAt(undefined)
    await this.server.kill()
    this.timeline.mark('server', 'kill -9')
    this.link.cut()
    this.server = await ServerActor.start(this.orders.actors, this.file)
    this.timeline.mark('server', 'started again on its file')
    this.link.pointAt(this.server.url)
  }

  private client(
    account: string,
    how: {
      readonly lingerMs?: number
      readonly isRestarted?: boolean
      readonly attemptMs?: number
      readonly window?: string
    },
  ): ClientActor {
    const { failure, delivery, folder, actors } = this.orders
    const { lingerMs = 0, isRestarted = false, attemptMs = 200, window = 'first' } = how
    const isKeyed = failure === 'second-client' && delivery === 'exactly-once'
    return new ClientActor(actors, {
      lingerMs,
      isRestarted,
      attemptMs,
      account,
      cents,
      url: this.url,
      method: methods[delivery],
      deadlineMs: 15_000,
      journal: join(folder, `${account}.${window}.journal`),
      log: join(folder, `${account}.${window}.log`),
      ...(isKeyed ? { idempotencyKey: `order of ${account}` } : {}),
    })
  }

  /** The last line of the client's own log. */
  private told(account: string, window = 'first'): Told {
    const log = join(this.orders.folder, `${account}.${window}.log`)
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
    const last = lines.at(-1)
    const told = last === undefined ? 'nothing' : (JSON.parse(last) as { told: Told }).told
    this.timeline.mark('client', told === 'nothing' ? 'is told nothing' : `is told: ${told}`)
    return told
  }
}

function passing(timeline: Timeline): FaultyLink['rule'] {
  return (frame) => {
    if (frame.kind !== 'other') timeline.add(frame.kind, frame)
    return { copies: 1 }
  }
}
