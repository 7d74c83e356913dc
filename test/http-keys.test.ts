/**
 * Goal: `Idempotency-Key` over HTTP as draft-ietf-httpapi-idempotency-key-header has it: 400, 409, 422, replays that say so.
 * Method: a bank, and sockets that send exactly what the test says.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CallOptions, createServer, external, type Service } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { runBank, runMemoryBank } from './support/bank.ts'
import { called, post, problem, RawClient } from './support/http.ts'
import { eventually } from './support/slow.ts'

describe('Idempotency-Key', () => {
  const deposit = { account: 'alice', cents: 100 }
  const key = (value: string): Record<string, string> => ({ 'idempotency-key': value })

  test('makes a repeated call the first one, and says so, and for how long', async () => {
    const { url } = await runBank()
    const first = await called(url, '/Bank/deposit', deposit, key('"order-42"'))
    expect(first).toMatchObject({ status: 200, body: '100', headers: { 'oncewire-key-retention': '86400' } })
    expect(first.headers).not.toHaveProperty('oncewire-replayed')
    const again = await called(url, '/Bank/deposit', '{ "cents": "100", "account": "alice" }', key(' "order-42";a=1'))
    expect(again).toMatchObject({ status: 200, body: '100', headers: { 'oncewire-replayed': 'true' } })
    expect(again.headers['oncewire-key-retention']).toBe('86400')
    expect((await called(url, '/Bank/deposit', deposit, key('"order-43"'))).body).toBe('200')
    expect((await called(url, '/Bank/deposit', deposit)).body).toBe('300')
  })

  test('keeps a declared exception, and frees itself where the handler failed', async () => {
    const { url } = await runMemoryBank()
    const debit = { account: 'alice', cents: 1 }
    const refused = await called(url, '/Bank/debit', debit, key('"d"'))
    await called(url, '/Bank/deposit', deposit)
    expect(await called(url, '/Bank/debit', debit, key('"d"'))).toMatchObject({
      status: 400,
      body: refused.body,
      headers: { 'oncewire-replayed': 'true' },
    })
  })

  test('with other arguments: 422, and nothing runs', async () => {
    const { url } = await runMemoryBank()
    await called(url, '/Bank/deposit', deposit, key('"k"'))
    const reply = await called(url, '/Bank/deposit', { ...deposit, cents: 101 }, key('"k"'))
    expect(reply).toMatchObject({ status: 422, headers: { 'oncewire-executed': 'never' } })
    expect(reply.headers).not.toHaveProperty('oncewire-replayed')
    expect(problem(reply)).toMatchObject({ code: 'key-reused' })
    expect((await called(url, '/Bank/balance', { account: 'alice' })).body).toBe('100')
  })

  test('while the first still runs: 409, and later its outcome', async () => {
    const { url } = await runMemoryBank()
    const client = await RawClient.open(url)
    const call = post('/Bank/deposit', deposit, key('"k"'))
    client.send(call + call)
    expect(await client.reply()).toMatchObject({ status: 200, body: '100' })
    const second = await client.reply()
    expect(second).toMatchObject({ status: 409, headers: { 'retry-after': '1', 'oncewire-executed': 'unknown' } })
    expect(problem(second as { body: string })).toMatchObject({ code: 'still-running' })
    expect(await client.send(call).reply()).toMatchObject({ status: 200, body: '100' })
  })

  test('while an effect outside the database is under way: 409 on any connection, then its outcome', async () => {
    interface Atm {
      dispense(cents: number, options?: CallOptions<'external'>): Promise<string>
    }
    const Atm: Service<Atm, 'Atm'> = {
      name: 'Atm',
      methods: {
        dispense: {
          delivery: 'external',
          arguments: { cents: [1, { scalar: 'i32' }] },
          returns: { scalar: 'string' },
        },
      },
    }
    let performed = 0
    let end: (notes: string) => void = () => {}
    const server = createServer({ ledger: memoryLedger(), log: () => {} })
    server.add(Atm, {
      dispense: external({
        perform() {
          performed++
          return new Promise<string>((resolve) => (end = resolve))
        },
        reconcile: () => ({ executed: 'unknown' }),
      }),
    })
    const { url } = await server.listen('tcp://127.0.0.1:0')
    onTestFinished(() => server.close())
    const first = await RawClient.open(url)
    const impatient = { ...key('"k"'), 'oncewire-deadline-ms': '20' }
    expect(await first.send(post('/Atm/dispense', { cents: 5 }, impatient)).reply()).toMatchObject({ status: 504 })
    expect(await called(url, '/Atm/dispense', { cents: 5 }, key('"k"'))).toMatchObject({ status: 409 })
    end('one note')
    await eventually(async () => (await called(url, '/Atm/dispense', { cents: 5 }, key('"k"'))).status !== 409)
    expect(await called(url, '/Atm/dispense', { cents: 5 }, key('"k"'))).toMatchObject({
      status: 200,
      body: '"one note"',
      headers: { 'oncewire-replayed': 'true' },
    })
    expect((await called(url, '/Atm/dispense', { cents: 6 }, key('"k"'))).status).toBe(422)
    expect(performed).toBe(1)
  })

  test.each([
    ['order-42', 'no string in double quotes'],
    ['"a", "b"', 'no string in double quotes'],
    ['"a', 'no string in double quotes'],
    ['"ä"', 'no string in double quotes'],
    ['""', '1 to 255 bytes, not 0'],
    [`"${'x'.repeat(256)}"`, '1 to 255 bytes, not 256'],
  ])('%.20s: 400', async (value, detail) => {
    const { url } = await runMemoryBank()
    const reply = await called(url, '/Bank/deposit', deposit, key(value))
    expect(reply).toMatchObject({ status: 400, headers: { 'oncewire-executed': 'never' } })
    expect(problem(reply)['detail']).toContain(detail)
    expect((await called(url, '/Bank/balance', { account: 'alice' })).body).toBe('0')
  })

  test('of 255 bytes is fine', async () => {
    const { url } = await runMemoryBank()
    expect((await called(url, '/Bank/deposit', deposit, key(`"${'x'.repeat(255)}"`))).status).toBe(200)
  })

  test('on a method that cannot honour it: 400, never ignored', async () => {
    const { url } = await runMemoryBank()
    for (const [path, body] of [
      ['/Bank/balance', { account: 'alice' }],
      ['/Bank/note', { line: 'x' }],
    ] as const) {
      const reply = await called(url, path, body, key('"k"'))
      expect(reply.status).toBe(400)
      expect(problem(reply)).toMatchObject({ code: 'key-needs-ledger', executed: 'never' })
    }
  })

  test('that carries a time before which keys are forgotten: 410, and nothing runs', async () => {
    const { url } = await runBank()
    const uuid7 = (dateMs: number): string => {
      const time = dateMs.toString(16).padStart(12, '0')
      return `"${time.slice(0, 8)}-${time.slice(8)}-7cc3-98c4-dc0c0c07398f"`
    }
    const old = await called(url, '/Bank/deposit', deposit, key(uuid7(Date.now() - 25 * 3_600_000)))
    expect(old.status).toBe(410)
    expect(problem(old)).toMatchObject({ code: 'key-expired', executed: 'unknown' })
    expect((await called(url, '/Bank/deposit', deposit, key(uuid7(Date.now() - 3_600_000)))).body).toBe('100')
  })

  test('is demanded where the server says so: 400 without one', async () => {
    const { url } = await runMemoryBank({ requireKeys: true })
    const reply = await called(url, '/Bank/deposit', deposit)
    expect(reply.status).toBe(400)
    expect(problem(reply)).toMatchObject({ code: 'key-required', executed: 'never' })
    expect((await called(url, '/Bank/deposit', deposit, key('"k"'))).status).toBe(200)
    expect((await called(url, '/Bank/balance', { account: 'alice' })).body).toBe('100')
  })

  test('of one caller is not that of another; anonymous ones have none where callers have names', async () => {
    const authenticate = ({ token }: { readonly token: string }): string | undefined =>
      token === 'bad' ? undefined : token
    const { url } = await runMemoryBank({ authenticate })
    const as = (token: string): Record<string, string> => ({ ...key('"k"'), authorization: `Bearer ${token}` })
    expect((await called(url, '/Bank/deposit', deposit, as('ann'))).body).toBe('100')
    expect((await called(url, '/Bank/deposit', deposit, as('bob'))).body).toBe('200')
    expect((await called(url, '/Bank/deposit', deposit, as('ann'))).body).toBe('100')
    expect(problem(await called(url, '/Bank/deposit', deposit, key('"k"')))).toMatchObject({ code: 'key-needs-ledger' })
    const unknown = await called(url, '/Bank/deposit', deposit, as('bad'))
    expect(unknown).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    const failing = await runMemoryBank({
      authenticate: () => {
        throw new Error('the directory is down')
      },
    })
    expect((await called(failing.url, '/Bank/balance', { account: 'a' }, as('ann'))).status).toBe(401)
    const open = await runMemoryBank({ authenticate, anonymousKeys: true })
    expect((await called(open.url, '/Bank/deposit', deposit, key('"k"'))).status).toBe(200)
  })
})
