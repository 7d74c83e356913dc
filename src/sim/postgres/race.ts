/**
 * Two or three servers of one PostgreSQL ledger, without a network: copies of few calls reach all of them at once, sessions
 * are acknowledged and taken over, connections break, and every statement is one step of the seeded clock.
 *
 * Invariant: effects are counted in the tables, by the tag that the handler wrote.
 */
import type { LedgerCall } from '../../once/ledger.ts'
import type { Answer } from '../../once/outcome.ts'
import type { PostgresLedger, PostgresTx } from '../../ledger/postgres.ts'
import { Clock, Process } from '../clock.ts'
import { type Fault, Faults } from '../faults.ts'
import { bankSchema, bankStatements, effectsIn } from './bank.ts'
import { SimPostgres } from './server.ts'

const session = '1'.repeat(32)
const epochStride = 2 ** 32
const servers = ['one', 'two', 'three'] as const
const lastMs = 10 * 60_000

/** Processes do not die here: in worlds they do. */
const raceFaults: readonly Fault[] = [
  'connection-cut',
  'backend-killed',
  'serialization',
  'database-slow',
  'disconnect-unheard',
  'database-crashed',
  'commit-unheard',
]

/** Everything that is wrong in the race of this seed. */
export function raceOnce(seed: number): Promise<string[]> {
  return new Race(seed).play()
}

class Race {
  private readonly clock: Clock
  private readonly faults: Faults
  private readonly postgres: SimPostgres
  private readonly ledgers: PostgresLedger[] = []
  private readonly wrong = new Set<string>()
  /** Tag of the effect -> what was told of it. */
  private readonly told = new Map<string, Set<string>>()
  private readonly failing = new Set<string>()
  private readonly running = new Set<string>()
  private epoch = 1
  private open = 0
  private sessionless = 0

  constructor(seed: number) {
    this.clock = new Clock(seed, false)
    this.faults = new Faults(this.clock, raceFaults)
    const { clock } = this
    const options = { dateMs: () => Math.floor(clock.nowMs) + 1e12, statements: bankStatements() }
    this.postgres = new SimPostgres(clock, this.faults, options)
  }

  async play(): Promise<string[]> {
    const { clock, postgres, faults } = this
    faults.isOff = true
    for (const name of servers.slice(0, clock.pick([2, 3]))) {
      const pool = { max: 6, pipeline: clock.chance(0.7) }
      this.begin(async () => {
        const process = new Process(clock, name)
        this.ledgers.push(await postgres.open(process, pool, { schema: bankSchema, window: 8 }))
      })
    }
    await clock.run(clock.nowMs + 1_000)
    const hello = { resume: undefined, fresh: session, principal: '', instance: 'i', highest: 0, leaseMs: 1e9 }
    this.begin(async () => void (await this.ledgers[0]?.open({ ...hello, epoch: 1 })))
    await clock.run(clock.nowMs + 1_000)
    faults.isOff = false
    const beginMs = clock.nowMs
    for (let n = 0; n < 16; n++) clock.at(beginMs + clock.between(0, 12), () => this.act())
    if (faults.strikes('database-crashed', 2)) clock.after(clock.between(0, 30), () => postgres.crash(20))
    await clock.run(beginMs + 2_000)
    faults.isOff = true
    await clock.run(beginMs + lastMs, () => this.open === 0)
    if (this.open > 0) this.wrong.add(`I8 ${this.open} have not ended`)
    this.check()
    return [...this.wrong, ...postgres.wentDown]
  }

  private begin(act: () => Promise<void>): void {
    this.open++
    // A ledger that fails leaves a call unanswered; what it did is counted all the same.
    void act()
      .catch(() => {})
      .then(() => this.open--)
  }

  private act(): void {
    const { clock } = this
    const ledger = clock.pick(this.ledgers)
    const number = this.epoch * epochStride + Math.floor(clock.between(1, 4))
    switch (clock.pick(['call', 'call', 'call', 'call', 'keyed', 'keyed', 'free', 'resolve', 'ack', 'take'] as const)) {
      case 'call':
        return this.call(ledger, { number, tag: `call ${number}` })
      case 'keyed':
        // Two xids, one key.
        return this.call(ledger, { number: number + 10, tag: 'key', key: 'k' })
      case 'free':
        // A caller without session and key, which nobody can ask about.
        return this.call(ledger, { number: 0, tag: `free ${++this.sessionless}` })
      case 'resolve':
        return this.begin(async () => this.learn(`call ${number}`, await ledger.resolve(this.callOf({ number }))))
      case 'ack':
        return this.begin(() => ledger.acknowledge({ ...this.callOf({ number }), firstUnacked: number, session }))
      case 'take': {
        const epoch = ++this.epoch
        const hello = { resume: session, fresh: session, principal: '', instance: `i${epoch}`, leaseMs: 1e9 }
        return this.begin(async () => void (await ledger.open({ ...hello, epoch, highest: 2 ** 50 })))
      }
    }
  }

  private call(ledger: PostgresLedger, { number, tag, key }: { number: number; tag: string; key?: string }): void {
    const { clock } = this
    const object = clock.pick([undefined, 'account'])
    const fails = tag.endsWith('2')
    if (fails) this.failing.add(tag)
    this.begin(async () => {
      const answer = await ledger.execute(this.callOf({ number, key, object }), async (tx) => {
        await this.handle(tx, tag, object)
        const outcome = fails
          ? ({ kind: 'exception', bytes: Uint8Array.of(9) } as const)
          : ({ kind: 'reply', bytes: Uint8Array.of(Math.floor(clock.random() * 256)) } as const)
        return { outcome, keepsEffects: !fails }
      })
      this.learn(tag, answer)
    })
  }

  private async handle(tx: PostgresTx, tag: string, object: string | undefined): Promise<void> {
    await tx.query('INSERT INTO effect VALUES ($1)', [tag])
    // Its transaction holds the object: whoever is here was granted it.
    if (object !== undefined && this.running.has(object)) this.wrong.add('H13 two calls on one object overlap')
    if (object !== undefined) this.running.add(object)
    try {
      await tx.query('UPDATE account SET cents = cents + $2 WHERE name = $1', [this.clock.pick([0, 1]), 1])
      await tx.query('UPDATE account SET cents = cents + $2 WHERE name = $1', [this.clock.pick([0, 1]), -1])
    } finally {
      if (object !== undefined) this.running.delete(object)
    }
  }

  private callOf({
    number,
    key,
    object,
  }: {
    number: number
    key?: string | undefined
    object?: string | undefined
  }): LedgerCall {
    return {
      session: number === 0 ? undefined : session,
      number,
      epoch: Math.floor(number / epochStride),
      firstUnacked: 0,
      principal: '',
      method: 'T.t',
      fingerprint: Uint8Array.of(1),
      idempotency: key === undefined ? undefined : { method: 'T.t', key, fingerprint: Uint8Array.of(1) },
      attempt: 1,
      deadlineAtMs: Infinity,
      object,
    }
  }

  private learn(tag: string, answer: Answer): void {
    if (answer.kind !== 'outcome') return
    const told = this.told.get(tag) ?? new Set<string>()
    this.told.set(tag, told.add(JSON.stringify(answer.outcome)))
  }

  private check(): void {
    const { database } = this.postgres
    const tags = new Set([...this.told.keys(), ...database.committed('effect').map((row) => String(row['tag']))])
    for (const tag of tags) {
      const effects = effectsIn(database, tag)
      const told = [...(this.told.get(tag) ?? [])]
      if (effects > 1) this.wrong.add(`I1 ${tag} happened ${effects} times`)
      if (told.length > 1) this.wrong.add(`I3 ${tag} was told ${told.join(' and ')}`)
      if (told.some((one) => one.includes('"reply"')) && effects === 0)
        this.wrong.add(`I2 ${tag} was told and did not happen`)
      if (told.some((one) => one.includes('never')) && effects > 0)
        this.wrong.add(`I5 ${tag} was told never and happened`)
      if (this.failing.has(tag) && effects > 0) this.wrong.add(`I5 ${tag} was not rolled back`)
    }
  }
}
