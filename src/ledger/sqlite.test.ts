/**
 * Goal: SQLite keeps the ledger's contract, its own promises about values, and what was acknowledged through kill -9.
 * Method: the contract suite; a real file; a child process that is killed while it commits.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { LedgerCall } from '../once/ledger.ts'
import { type ContractSubject, first, leaseMs, withCalls } from './calls-contract.ts'
import { ledgerContract } from './ledger-contract.ts'
import { sqlite, type SqliteBinding, type SqliteLedger, type SqliteOptions, type SqliteTx } from './sqlite.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'oncewire-ledger-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function open(options: SqliteOptions = {}, file?: string): Promise<SqliteLedger> {
  const ledger = await sqlite(file ?? join(await folder(), 'test.db'), options)
  onTestFinished(() => ledger.close().catch(() => {}))
  return ledger
}

const failure = async (act: () => unknown): Promise<OncewireError> => {
  try {
    await act()
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    return error as OncewireError
  }
  return expect.fail('nothing was thrown')
}

const counter =
  'CREATE TABLE IF NOT EXISTS counter (n INTEGER NOT NULL); INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT * FROM counter)'
type Open = (file: string) => Promise<SqliteLedger>
async function subject(file: string, open: Open): Promise<ContractSubject<SqliteTx>> {
  const ledger = await open(file)
  return {
    ledger,
    increment: (tx) => tx.run('UPDATE counter SET n = n + 1'),
    count: () => Number(ledger.get<{ n: bigint }>('SELECT n FROM counter')?.n),
    age(ms) {
      ledger.run('UPDATE oncewire_session SET seen_ms = seen_ms - ?', ms)
      ledger.run('UPDATE oncewire_key SET expires_ms = expires_ms - ?', ms)
    },
    afterCrash() {
      // What a killed process leaves is in these two files; they are copied before anything else happens.
      const left = mkdtempSync(join(tmpdir(), 'oncewire-crash-'))
      onTestFinished(() => rm(left, { recursive: true, force: true }))
      for (const end of ['', '-wal']) copyFileSync(file + end, join(left, `crashed.db${end}`))
      return subject(join(left, 'crashed.db'), open)
    },
  }
}

ledgerContract('sqlite', async (limits) =>
  subject(join(await folder(), 'contract.db'), (file) => sqlite(file, { schema: counter, ...limits })),
)

ledgerContract('sqlite, in a Database object of the application', async (limits) => {
  const Database = createRequire(import.meta.url)('libsql') as new (file: string) => SqliteBinding
  return subject(join(await folder(), 'given.db'), (file) => sqlite(new Database(file), { schema: counter, ...limits }))
})

describe('values', () => {
  test('integers come back as bigint, exactly; blobs as Uint8Array; a row holds its columns', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, x)' })
    const integers = [0n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const i of integers) ledger.run('INSERT INTO t VALUES (?, ?, ?, ?, ?)', i, 1.5, 'é', Uint8Array.of(1, 2), null)
    const rows = ledger.all('SELECT * FROM t')
    expect(rows).toEqual(integers.map((i) => ({ i, r: 1.5, s: 'é', b: Uint8Array.of(1, 2), x: null })))
    expect(ledger.get('SELECT count(*) AS n FROM t')).toEqual({ n: 4n })
    expect(Object.keys(ledger.get('SELECT 1 AS one') ?? {})).toEqual(['one'])
    expect(rows[0]?.['b']?.constructor).toBe(Uint8Array)
    expect(ledger.get('SELECT i FROM t WHERE i = 7')).toBeUndefined()
  })

  test('numbers that are whole go in as integers, booleans as 0 and 1, undefined not at all', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x)' })
    for (const value of [5, true, false, -0.5]) ledger.run('INSERT INTO t VALUES (?)', value)
    expect(ledger.all<{ x: unknown }>('SELECT x FROM t').map(({ x }) => x)).toEqual([5n, 1n, 0n, -0.5])
    const error = await failure(() => ledger.run('INSERT INTO t VALUES (?)', undefined as unknown as null))
    expect(error).toMatchObject({ code: 'invalid-argument' })
  })
})

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
const run = async (ledger: SqliteLedger, handler: (tx: SqliteTx) => void): Promise<unknown> => {
  let thrown: unknown
  await ledger.execute(sessionless(), (tx) => {
    try {
      handler(tx)
    } catch (error) {
      thrown = error
    }
    return { outcome: { kind: 'reply', bytes: new Uint8Array() }, keepsEffects: true }
  })
  return thrown
}

describe('the transaction of a call', () => {
  test('cannot be ended or left by SQL, not even behind a comment', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x)' })
    const statements = [
      'COMMIT',
      ' rollback',
      'BEGIN',
      '/* x */ end',
      '-- x\nSAVEPOINT a',
      'PRAGMA synchronous=OFF',
      'attach database "x" as y',
      ';COMMIT',
    ]
    for (const sql of statements)
      expect(await run(ledger, (tx) => tx.run(sql)), sql).toMatchObject({ code: 'transaction-misused' })
    expect(await run(ledger, (tx) => tx.run('INSERT INTO t VALUES (1)'))).toBeUndefined()
    expect(ledger.get('SELECT count(*) AS n FROM t')).toEqual({ n: 1n })
  })

  test('cannot be used after its handler, and ledger.run not inside it', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x)' })
    let kept: SqliteTx | undefined
    await run(ledger, (tx) => (kept = tx))
    expect((await failure(() => kept?.get('SELECT 1'))).code).toBe('transaction-misused')
    expect(await run(ledger, () => ledger.run('INSERT INTO t VALUES (1)'))).toMatchObject({
      code: 'transaction-misused',
    })
  })

  test('reads outside see only what is committed (H7)', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x)' })
    await run(ledger, (tx) => {
      tx.run('INSERT INTO t VALUES (1)')
      expect(tx.get('SELECT count(*) AS n FROM t')).toEqual({ n: 1n })
      expect(ledger.get('SELECT count(*) AS n FROM t')).toEqual({ n: 0n })
    })
    expect(ledger.get('SELECT count(*) AS n FROM t')).toEqual({ n: 1n })
  })

  test('a handler that answers a promise is rolled back and told the ways out', async () => {
    const ledger = await open({ schema: 'CREATE TABLE t (x)' })
    const answer = await ledger.execute(sessionless(), async (tx) => {
      tx.run('INSERT INTO t VALUES (1)')
      return Promise.reject(new Error('later'))
    })
    expect(answer).toMatchObject({ outcome: { code: 'internal-error', executed: 'never' } })
    expect(JSON.stringify(answer)).toContain('PostgreSQL')
    expect(ledger.get('SELECT count(*) AS n FROM t')).toEqual({ n: 0n })
  })
})

test('two servers on one file: what one has written, the other decides by, however late a copy comes (H1)', async () => {
  const file = join(await folder(), 'shared.db')
  const here = withCalls(await subject(file, (name) => sqlite(name, { schema: counter })))
  const there = withCalls(await subject(file, (name) => sqlite(name, { schema: counter })), false)
  await here.call(first, 'a')
  expect(await there.call(first, 'a')).toMatchObject({ isReplay: true })
  const copies = [here.call(first + 1, 'b'), there.call(first + 1, 'b'), here.call(first + 1, 'b')]
  expect((await Promise.all(copies)).filter((answer) => answer.kind === 'outcome' && !answer.isReplay)).toHaveLength(1)
  await here.acknowledge(first + 2)
  expect(await there.call(first, 'a')).toMatchObject({ code: 'stale' })
  await here.ask(first + 2)
  expect(await there.call(first + 2, 'c')).toMatchObject({ isReplay: true, outcome: { code: 'withdrawn' } })
  await here.take(2, 'two', first + 2)
  expect(await there.call(first + 3, 'd')).toMatchObject({ code: 'fenced' })
  await here.age(leaseMs)
  expect(await there.call(2 ** 33 + 1, 'e', { epoch: 2 })).toMatchObject({ code: 'session-expired' })
  expect(await here.count()).toBe(2)
})

describe('opening', () => {
  test('WAL and FULL are there after every opening', async () => {
    const file = join(await folder(), 'a.db')
    for (let i = 0; i < 3; i++) {
      const ledger = await sqlite(file)
      expect(ledger.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' })
      expect(ledger.get('PRAGMA synchronous')).toEqual({ synchronous: 2n })
      await ledger.close()
    }
  })

  test('the ledger keeps its id', async () => {
    const file = join(await folder(), 'a.db')
    const before = await sqlite(file)
    await before.close()
    expect((await open({}, file)).id).toBe(before.id)
    expect(before.id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('no database, no folder, a newer format', async () => {
    const path = await folder()
    await writeFile(join(path, 'letter'), 'Dear Alice, '.repeat(500))
    expect(await failure(() => sqlite(join(path, 'letter')))).toMatchObject({
      code: 'ledger-unusable',
      executed: 'never',
    })
    expect(await readFile(join(path, 'letter'), 'utf8')).toBe('Dear Alice, '.repeat(500))
    expect((await failure(() => sqlite(join(path, 'no', 'x.db')))).message).toContain(join(path, 'no'))
    const newer = await sqlite(join(path, 'newer.db'))
    newer.run(`UPDATE oncewire_meta SET value = '3' WHERE name = 'format'`)
    await newer.close()
    expect(await failure(() => sqlite(join(path, 'newer.db')))).toMatchObject({ code: 'ledger-format' })
  })

  const golden = async (format: number): Promise<SqliteLedger> => {
    const file = join(await folder(), 'golden.db')
    await writeFile(file, await readFile(join(import.meta.dirname, `../../test/golden/formats/ledger-${format}.db`)))
    return open({}, file)
  }
  const goldenCall = sessionless({ session: '0'.repeat(31) + '1', number: 2 ** 32 + 1, method: 'Golden.call' })
  const goldenReply = { isReplay: true, outcome: { kind: 'reply', bytes: Uint8Array.of(7) } }

  test('the golden file of format 1 opens, is upgraded, and holds what it held', async () => {
    const ledger = await golden(1)
    expect(ledger.get(`SELECT value FROM oncewire_meta WHERE name = 'format'`)).toEqual({ value: '2' })
    // Its lease ended long ago; as if its client had been heard of just now.
    ledger.run(`UPDATE oncewire_session SET seen_ms = unixepoch() * 1000`)
    expect(await ledger.keptOf('')).toEqual({ records: 1, bytes: 1 })
    expect(await ledger.execute(goldenCall, () => expect.fail('it ran again'))).toMatchObject(goldenReply)
    expect(await ledger.intents()).toEqual([])
  })

  test('the golden file of format 2 opens, with what it holds', async () => {
    const ledger = await golden(2)
    expect(await ledger.execute(goldenCall, () => expect.fail('it ran again'))).toMatchObject(goldenReply)
    expect(await ledger.held()).toEqual({ sessions: 1, records: 4, keys: 2, intents: 2 })
    expect(await ledger.intents()).toMatchObject([
      { id: 1, state: 'open', method: 'Golden.dispense', idempotencyKey: 'open', evidence: Uint8Array.of(1) },
      { id: 2, state: 'unknown', method: 'Golden.dispense', name: 'golden', incarnation: 'one' },
    ])
    const buried = { ...goldenCall, number: 2 ** 32 + 2 }
    expect(await ledger.execute(buried, () => expect.fail('it ran'))).toMatchObject({ outcome: { code: 'withdrawn' } })
  })
})

test('kill -9 while committing: every acknowledged effect is there, with its record', async () => {
  const file = join(await folder(), 'killed.db')
  const script = `
    const { sqlite } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../dist/ledger/sqlite.js')).href)})
    const ledger = await sqlite(${JSON.stringify(file)}, { schema: 'CREATE TABLE effect (n INTEGER)' })
    const session = '0'.repeat(31) + '1'
    await ledger.open({ resume: undefined, fresh: session, principal: '', epoch: 1, instance: 'i', highest: 0, leaseMs: 1e6 })
    for (let n = 1; ; n++) {
      const call = { session, number: 2 ** 32 + n, epoch: 1, firstUnacked: 2 ** 32 + 1, principal: '', method: 'T.t', fingerprint: new Uint8Array(1), idempotency: undefined }
      await ledger.execute(call, (tx) => (tx.run('INSERT INTO effect VALUES (?)', n), { outcome: { kind: 'reply', bytes: new Uint8Array(1) }, keepsEffects: true }))
      process.stdout.write(n + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (said.split('\n').length < 300) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const acknowledged = said.split('\n').slice(0, -1).length
  const ledger = await open({}, file)
  const effects = Number(ledger.get<{ n: bigint }>('SELECT count(*) AS n FROM effect')?.n)
  const records = Number(ledger.get<{ n: bigint }>('SELECT count(*) AS n FROM oncewire_record')?.n)
  expect(effects).toBe(records)
  expect(effects).toBeGreaterThanOrEqual(acknowledged)
  expect(effects).toBeLessThanOrEqual(acknowledged + 1)
}, 60_000)
