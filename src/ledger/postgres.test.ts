/**
 * Goal: PostgreSQL keeps the ledger's contract, and its own promises about values, transactions and opening. Method: the
 * contract suite on a real server from npm, each test in a schema of its own.
 */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Postgres, startPostgres } from '../../test/support/postgres.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { LedgerCall } from '../once/ledger.ts'
import type { ContractSubject } from './calls-contract.ts'
import { ledgerContract } from './ledger-contract.ts'
import { postgres, type PostgresLedger, type PostgresOptions, type PostgresTx } from './postgres.ts'

let server: Postgres
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop(), 60_000)

let schemas = 0
/** An empty place in the database. */
async function freshSchema(): Promise<string> {
  const name = `t${++schemas}`
  const client = new pg.Client(server.connection)
  await client.connect()
  await client.query(`CREATE SCHEMA ${name}`)
  await client.end()
  return name
}

/** A pool whose connections can be cut, as a killed process cuts them. */
function poolOn(schema: string, options: object = {}): { pool: pg.Pool; cut(): void } {
  const clients = new Set<pg.PoolClient>()
  const on = { ...server.connection, options: `-c search_path=${schema}`, pipeline: true, max: 8 }
  const pool = new pg.Pool({ ...on, ...options })
  pool.on('error', () => {})
  pool.on('connect', (client) => void clients.add(client))
  pool.on('remove', (client) => void clients.delete(client))
  onTestFinished(() => pool.end().catch(() => {}))
  const socketOf = (client: object): { destroy(): void } =>
    (client as { connection: { stream: never } }).connection.stream
  return { pool, cut: () => clients.forEach((client) => socketOf(client).destroy()) }
}

async function open(options: PostgresOptions = {}, schema?: string): Promise<PostgresLedger> {
  const ledger = await postgres(poolOn(schema ?? (await freshSchema())).pool, options)
  onTestFinished(() => ledger.close())
  return ledger
}

const counter =
  'CREATE TABLE IF NOT EXISTS counter (n int NOT NULL); INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT FROM counter)'
async function subject(schema: string, limits: PostgresOptions): Promise<ContractSubject<PostgresTx>> {
  const { pool, cut } = poolOn(schema)
  const ledger = await postgres(pool, { schema: counter, ...limits })
  return {
    ledger,
    increment: async (tx) => void (await tx.query('UPDATE counter SET n = n + 1')),
    count: async () => Number((await ledger.query<{ n: number }>('SELECT n FROM counter'))[0]?.n),
    async age(ms) {
      await ledger.query('UPDATE oncewire_session SET seen_ms = seen_ms - $1', [ms])
      await ledger.query('UPDATE oncewire_key SET expires_ms = expires_ms - $1', [ms])
    },
    afterCrash() {
      void ledger.close()
      cut()
      return subject(schema, limits)
    },
  }
}

ledgerContract('postgres', async (limits) => subject(await freshSchema(), limits), { manyCalls: 500 })

let calls = 0
/** A call of nobody's session. */
const sessionless = (overrides: Partial<LedgerCall> = {}): LedgerCall => ({
  session: undefined,
  number: ++calls,
  epoch: 1,
  firstUnacked: 0,
  principal: '',
  method: 'T.t',
  fingerprint: Uint8Array.of(1),
  idempotency: undefined,
  attempt: 1,
  deadlineAtMs: Infinity,
  object: undefined,
  ...overrides,
})
const reply = { outcome: { kind: 'reply', bytes: new Uint8Array() }, keepsEffects: true } as const
const failure = async (act: Promise<unknown> | undefined): Promise<OncewireError> => {
  const error = await act?.then(
    () => expect.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

describe('values', () => {
  test('bigint comes back as bigint, exactly; bytea as Uint8Array; a row holds its columns', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (i bigint, n int, s text, b bytea, a bigint[])' })
    const integers = [0n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const i of integers) {
      await ledger.query('INSERT INTO t VALUES ($1, $2, $3, $4, $5)', [i, 7, 'é', Uint8Array.of(1, 255), [i, null]])
    }
    const rows = await ledger.query('SELECT * FROM t')
    expect(rows).toEqual(integers.map((i) => ({ i, n: 7, s: 'é', b: Uint8Array.of(1, 255), a: [i, null] })))
    expect((rows[0] as { b: object }).b.constructor).toBe(Uint8Array)
    expect(await ledger.query('SELECT count(*) FROM t')).toEqual([{ count: 4n }])
    const error = await failure(ledger.query('SELECT $1::int', [undefined]))
    expect(error).toMatchObject({ code: 'invalid-argument' })
  })

  test('keys, principals and messages may hold what a text of PostgreSQL may not', async () => {
    const ledger = await open({ schema: counter })
    const outcome = { kind: 'failure', code: 'internal-error', executed: 'once', message: 'a\0b\\0c' } as const
    for (const [n, key] of ['k\0', 'k\\0', 'k\\\0'].entries()) {
      const idempotency = { method: 'T.t', key, fingerprint: Uint8Array.of(1) }
      const call = sessionless({ principal: 'p\0', idempotency })
      const keeps = { outcome: { ...outcome, message: `${outcome.message}${n}` }, keepsEffects: true }
      expect(await ledger.execute(call, () => keeps)).toMatchObject({ isReplay: false })
      expect(await ledger.execute(call, () => reply)).toMatchObject({ isReplay: true, outcome: keeps.outcome })
    }
    expect(await ledger.held()).toMatchObject({ keys: 3 })
  })
})

describe('the transaction of a call', () => {
  const inCall = async (ledger: PostgresLedger, run: (tx: PostgresTx) => Promise<unknown>): Promise<unknown> => {
    let thrown: unknown
    await ledger.execute(sessionless(), async (tx) => {
      await run(tx).catch((error: unknown) => (thrown = error))
      return reply
    })
    return thrown
  }

  test('cannot be ended or left by SQL, nor made less durable', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x int)' })
    const statements = [
      'COMMIT',
      ' rollback',
      'BEGIN',
      '/* x */ end',
      '-- x\nSAVEPOINT a',
      ';ABORT',
      'start transaction',
    ]
    const settings = ['SET search_path = x', 'set session x.y = 1', 'SET LOCAL synchronous_commit = off']
    const functions = [`SELECT set_config('synchronous_commit', 'off', true)`, 'PREPARE TRANSACTION $$a$$']
    for (const sql of [...statements, ...settings, ...functions])
      expect(await inCall(ledger, (tx) => tx.query(sql)), sql).toMatchObject({ code: 'transaction-misused' })
    expect(await inCall(ledger, (tx) => tx.query('INSERT INTO t VALUES (1); COMMIT'))).toMatchObject({ code: '42601' })
    expect(await inCall(ledger, (tx) => tx.query('SET LOCAL statement_timeout = 1000'))).toBeUndefined()
    expect(await inCall(ledger, (tx) => tx.query('INSERT INTO t VALUES (1)'))).toBeUndefined()
    expect(await ledger.query('SELECT x FROM t')).toEqual([{ x: 1 }])
  })

  test('cannot be used after its handler; what the handler did not wait for is part of the call all the same', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x int)' })
    let kept: PostgresTx | undefined
    let left: Promise<unknown> | undefined
    await inCall(ledger, async (tx) => {
      kept = tx
      left = tx.query('INSERT INTO t SELECT 1 FROM pg_sleep(0.05)')
    })
    await left
    expect((await failure(kept?.query('SELECT 1'))).code).toBe('transaction-misused')
    expect(await ledger.query('SELECT x FROM t')).toEqual([{ x: 1 }])
  })

  test('a statement that failed is not forgotten, even if the handler goes on', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x int PRIMARY KEY); INSERT INTO t VALUES (1)' })
    const answer = await ledger.execute(sessionless(), async (tx) => {
      await tx.query('INSERT INTO t VALUES (2)')
      await tx.query('INSERT INTO t VALUES (1)').catch(() => {})
      return reply
    })
    expect(answer).toMatchObject({ outcome: { code: 'internal-error', executed: 'never' } })
    expect(JSON.stringify(answer)).toContain('duplicate key')
    expect(await ledger.query('SELECT x FROM t')).toEqual([{ x: 1 }])
  })

  test('reads outside see only what is committed', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x int)' })
    await inCall(ledger, async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)')
      expect(await ledger.query('SELECT x FROM t')).toEqual([])
    })
    expect(await ledger.query('SELECT x FROM t')).toEqual([{ x: 1 }])
  })

  test('a table that changes while statements on it are prepared', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x int); INSERT INTO t VALUES (1)' })
    const read = (): Promise<unknown>[] =>
      Array.from({ length: 8 }, async () => {
        let rows: unknown
        await ledger.execute(sessionless(), async (tx) => {
          rows = await tx.query('SELECT * FROM t')
          return reply
        })
        return [rows, await ledger.query('SELECT * FROM t')]
      })
    await Promise.all(read())
    await ledger.query('ALTER TABLE t ADD COLUMN y int NOT NULL DEFAULT 2')
    const changed = [{ x: 1, y: 2 }]
    for (const both of await Promise.all(read())) expect(both).toEqual([changed, changed])
  })

  test('deadlocks and serialization failures run the handler again', async () => {
    const ledger = await open({
      schema: 'CREATE TABLE t (x int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)',
    })
    let runs = 0
    /** Two calls take the same two rows in opposite order, each holding one before it asks for the other. */
    const both: (() => void)[] = []
    const meet = (): Promise<void> =>
      new Promise((resolve) => {
        both.push(resolve)
        if (both.length >= 2 || runs > 2) for (const go of both.splice(0)) go()
      })
    const call = (rows: readonly number[]) =>
      ledger.execute(sessionless(), async (tx) => {
        runs++
        await tx.query('UPDATE t SET n = n + 1 WHERE x = $1', [rows[0]])
        await meet()
        await tx.query('UPDATE t SET n = n + 1 WHERE x = $1', [rows[1]])
        return reply
      })
    const answers = await Promise.all([call([1, 2]), call([2, 1])])
    expect(answers).toMatchObject([{ isReplay: false }, { isReplay: false }])
    expect(runs).toBe(3)
    const failOnce = `DO $$ BEGIN RAISE EXCEPTION 'once' USING ERRCODE = '40001'; END $$`
    let failures = 0
    await ledger.execute(sessionless(), async (tx) => {
      if (failures++ < 2) await tx.query(failOnce)
      await tx.query('UPDATE t SET n = n + 1')
      return reply
    })
    expect(await ledger.query('SELECT n FROM t')).toEqual([{ n: 3 }, { n: 3 }])
  })
})

describe('two servers on one database', () => {
  const pair = async (): Promise<readonly [PostgresLedger, PostgresLedger]> => {
    const schema = await freshSchema()
    const ledgers = [await open({ schema: counter }, schema), await open({ schema: counter }, schema)] as const
    await ledgers[0].open({
      resume: undefined,
      fresh: session,
      principal: '',
      epoch: 1,
      instance: 'i',
      highest: 0,
      leaseMs: 1e6,
    })
    return ledgers
  }
  const session = '1'.padStart(32, '0')
  const increment = async (tx: PostgresTx) => {
    await tx.query('UPDATE counter SET n = n + 1')
    return reply
  }

  test('copies of one call on both at once: one runs, the other hears what it answered', async () => {
    const ledgers = await pair()
    for (let number = 1; number <= 30; number++) {
      const call = sessionless({ session, number: 2 ** 32 + number })
      const answers = await Promise.all(ledgers.map((ledger) => ledger.execute(call, increment)))
      expect(answers.filter((answer) => 'isReplay' in answer && answer.isReplay)).toHaveLength(1)
      expect(answers.filter((answer) => answer.kind === 'outcome')).toHaveLength(2)
    }
    expect(await ledgers[0].query('SELECT n FROM counter')).toEqual([{ n: 30 }])
  })

  test('so with one idempotency key under two xids', async () => {
    const ledgers = await pair()
    for (let n = 1; n <= 10; n++) {
      const idempotency = { method: 'T.t', key: `k${n}`, fingerprint: Uint8Array.of(1) }
      const numbers = [2 ** 32 + 2 * n, 2 ** 32 + 2 * n + 1]
      const answers = await Promise.all(
        ledgers.map((ledger, i) =>
          ledger.execute(sessionless({ session, number: numbers[i] as number, idempotency }), increment),
        ),
      )
      expect(answers.filter((answer) => 'isReplay' in answer && answer.isReplay)).toHaveLength(1)
      expect(answers.filter((answer) => answer.kind === 'outcome')).toHaveLength(2)
    }
    expect(await ledgers[0].query('SELECT n FROM counter')).toEqual([{ n: 10 }])
  })

  test('calls on one object never overlap, on whatever server (H13)', async () => {
    const ledgers = await pair()
    const running = new Set<string>()
    const calls_ = Array.from({ length: 40 }, (_, i) => {
      const object = `Test\0${i % 2}`
      return (ledgers[i % 3 === 0 ? 0 : 1] as PostgresLedger).execute(sessionless({ object }), async (tx) => {
        expect(running.has(object)).toBe(false)
        running.add(object)
        await tx.query('SELECT pg_sleep(0.002)')
        running.delete(object)
        return reply
      })
    })
    for (const answer of await Promise.all(calls_)) expect(answer).toMatchObject({ outcome: { kind: 'reply' } })
  })

  test('a late copy, and the acknowledgement of the first: neither passes the other (H1)', async () => {
    const [one, two] = await pair()
    const call = sessionless({ session, number: 2 ** 32 + 1 })
    let finish = (): void => {}
    const held = new Promise<void>((resolve) => (finish = resolve))
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const first = one.execute(call, async (tx) => {
      begin()
      await held
      return increment(tx)
    })
    await begun
    const late = two.execute(call, increment)
    const acknowledged = two.acknowledge({ session, epoch: 1, firstUnacked: 2 ** 32 + 2, principal: '' })
    finish()
    await Promise.all([first, acknowledged])
    const isReplay = { isReplay: true }
    const stale = { kind: 'refused', code: 'stale' }
    const told = await late
    expect(told).toMatchObject(told.kind === 'outcome' ? isReplay : stale)
    expect(await one.execute(call, increment)).toMatchObject(stale)
    expect(await one.query('SELECT n FROM counter')).toEqual([{ n: 1 }])
  })

  test('a session is taken over, and its lease ends, only when the calls that run in it have ended (H1)', async () => {
    const [one, two] = await pair()
    const order: string[] = []
    let finish = (): void => {}
    const held = new Promise<void>((resolve) => (finish = resolve))
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const running = one.execute(sessionless({ session, number: 2 ** 32 + 1 }), async (tx) => {
      begin()
      await held
      return increment(tx)
    })
    await begun
    await two.query('UPDATE oncewire_session SET seen_ms = seen_ms - lease_ms')
    const fresh = '2'.padStart(32, '0')
    // Opening sweeps, and passes over the session that a call still holds.
    await two.open({ resume: undefined, fresh, principal: '', epoch: 1, instance: 'i', highest: 0, leaseMs: 1e6 })
    expect(await two.held()).toMatchObject({ sessions: 2 })
    await two.query('UPDATE oncewire_session SET seen_ms = seen_ms + lease_ms WHERE id = $1', [session])
    const hello = { resume: session, fresh, principal: '', epoch: 2, instance: 'j', highest: 2 ** 32 + 1, leaseMs: 1e6 }
    const taken = two.open(hello).then((opened) => {
      order.push('taken over')
      return opened
    })
    // Far longer than it would take if it did not wait.
    await new Promise((resolve) => setTimeout(resolve, 300))
    order.push('finished')
    finish()
    expect(await running).toMatchObject({ outcome: { kind: 'reply' } })
    expect(await taken).toMatchObject({ kind: 'opened', epoch: 2 })
    expect(order).toEqual(['finished', 'taken over'])
  })

  test('what is acknowledged and cannot be forgotten now takes room, as what is not acknowledged does (I7)', async () => {
    const schema = await freshSchema()
    const ledger = await open({ schema: counter, window: 4 }, schema)
    const fresh = session
    await ledger.open({ resume: undefined, fresh, principal: '', epoch: 1, instance: 'i', highest: 0, leaseMs: 1e6 })
    let finish = (): void => {}
    const held = new Promise<void>((resolve) => (finish = resolve))
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const numbered = (n: number): LedgerCall =>
      sessionless({ session, number: 2 ** 32 + n, firstUnacked: n === 1 ? 0 : 2 ** 32 + n })
    // While it runs nothing of its session is forgotten.
    const running = ledger.execute(numbered(1), async (tx) => {
      begin()
      await held
      return increment(tx)
    })
    await begun
    const told = []
    for (let n = 2; n <= 12; n++) told.push(await ledger.execute(numbered(n), increment))
    expect(told.filter(({ kind }) => kind === 'outcome')).toHaveLength(4)
    expect(told.at(-1)).toMatchObject({ kind: 'refused', code: 'window' })
    expect(await ledger.held()).toMatchObject({ records: 4 })
    finish()
    expect(await running).toMatchObject({ outcome: { kind: 'reply' } })
    await ledger.acknowledge({ session, epoch: 1, firstUnacked: 2 ** 32 + 12, principal: '' })
    expect(await ledger.execute(numbered(13), increment)).toMatchObject({ outcome: { kind: 'reply' } })
  })

  test('opening many at once makes one ledger', async () => {
    const schema = await freshSchema()
    const ledgers = await Promise.all(Array.from({ length: 5 }, () => open({ schema: counter }, schema)))
    expect(new Set(ledgers.map(({ id }) => id)).size).toBe(1)
    expect(await ledgers[0]?.query('SELECT n FROM counter')).toEqual([{ n: 0 }])
  })
})

describe('opening', () => {
  test('a database that may forget what it committed is refused, and says which setting', async () => {
    const schema = await freshSchema()
    const { pool } = poolOn(schema, { options: `-c search_path=${schema} -c synchronous_commit=off` })
    const error = await failure(postgres(pool))
    expect(error).toMatchObject({ code: 'ledger-unusable', executed: 'never' })
    expect(error.message).toContain('synchronous_commit')
  })

  test('a newer format is refused, and left as it is', async () => {
    const schema = await freshSchema()
    const ledger = await open({}, schema)
    await ledger.query(`UPDATE oncewire_meta SET value = '2' WHERE name = 'format'`)
    expect(await failure(open({}, schema))).toMatchObject({ code: 'ledger-format' })
    expect(await ledger.query(`SELECT value FROM oncewire_meta WHERE name = 'format'`)).toEqual([{ value: '2' }])
  })

  test('no database there; no URL', async () => {
    const none = await failure(postgres('postgres://once:secret@127.0.0.1:1/none'))
    expect(none).toMatchObject({ code: 'ledger-unusable' })
    expect(none.message).toContain('127.0.0.1:1/none')
    expect(none.message).not.toContain('secret')
    expect((await failure(postgres('bank.db'))).message).toContain('postgres://')
  })

  test('a pool that is too small for calls beside each other', async () => {
    const { pool } = poolOn(await freshSchema(), { max: 2 })
    expect(await failure(postgres(pool))).toMatchObject({ code: 'invalid-argument' })
  })

  test('by its URL, with the pg that is installed', async () => {
    const ledger = await postgres(server.url, { schema: 'CREATE TABLE IF NOT EXISTS by_url (x int)' })
    onTestFinished(() => ledger.close())
    expect(await ledger.query('SELECT * FROM by_url')).toEqual([])
    expect(ledger.id).toMatch(/^[0-9a-f]{32}$/)
  })
})
