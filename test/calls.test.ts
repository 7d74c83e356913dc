/**
 * Goal: a call ends as its delivery says, for its caller and for the database.
 * Method: a real server and real clients, over TCP and over the memory transport, with a service of our own.
 */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Bank, InsufficientFunds } from '../examples/bank/gen/bank.ts'
import { bankHandlers } from '../examples/bank/handlers.ts'
import { connect, createServer, OncewireError, type Service } from '../src/index.ts'
import type { CallOptions } from '../src/index.ts'
import { connected, runBank } from './support/bank.ts'

/** One method for each delivery, all of which do what the test says. */
interface Probe {
  free(n: number, options?: CallOptions<'at-least-once'>): Promise<number>
  guarded(n: number, options?: CallOptions<'at-most-once'>): Promise<number>
  forget(n: number, options?: CallOptions<'at-most-once'>): Promise<void>
}
const int = { scalar: 'i32' } as const
const Probe: Service<Probe, 'Probe'> = {
  name: 'Probe',
  methods: {
    free: { delivery: 'at-least-once', arguments: { n: [1, int] }, returns: int },
    guarded: { delivery: 'at-most-once', arguments: { n: [1, int] }, returns: int },
    forget: { delivery: 'at-most-once', oneway: true, arguments: { n: [1, int] } },
  },
}

async function probe(act: (n: number, signal: AbortSignal) => number | Promise<number>, url = 'tcp://127.0.0.1:0') {
  const seen: number[] = []
  const logged: string[] = []
  const server = createServer({ log: (message, error) => void logged.push(`${message}: ${String(error)}`) })
  const run = (n: number, call: { readonly signal: AbortSignal }): number | Promise<number> => {
    seen.push(n)
    return act(n, call.signal)
  }
  server.add(Probe, { free: run, guarded: run, forget: (n) => void seen.push(n) })
  const { url: listening } = await server.listen(url)
  onTestFinished(() => server.close())
  return { seen, logged, server, url: listening }
}

async function errorOf(call: Promise<unknown>): Promise<OncewireError> {
  const error = await call.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

for (const address of ['tcp://127.0.0.1:0', 'memory:calls']) {
  describe(`over ${address.split(':')[0]}`, () => {
    test('a thousand calls in flight on one connection, answered each with its own value', async () => {
      const { url } = await probe((n) => n + 1, address)
      const client = (await connected(url)).client(Probe)
      const numbers = Array.from({ length: 1000 }, (_, n) => n)
      expect(await Promise.all(numbers.map((n) => client.free(n)))).toEqual(numbers.map((n) => n + 1))
      expect(await Promise.all(numbers.map((n) => client.guarded(n)))).toEqual(numbers.map((n) => n + 1))
    })

    test('more calls than the window wait their turn', async () => {
      const { url } = await probe((n) => n, address)
      const client = (await connected(url)).client(Probe)
      const numbers = Array.from({ length: 5000 }, (_, n) => n)
      expect(await Promise.all(numbers.map((n) => client.guarded(n)))).toEqual(numbers)
    })

    test('more calls than may wait are refused, and nothing of them was sent', async () => {
      const { url, seen } = await probe(async (n) => n, address)
      const client = (await connected(url, { limits: { queuedMax: 10 } })).client(Probe)
      const calls = Array.from({ length: 2000 }, (_, n) => client.guarded(n))
      const ended = await Promise.allSettled(calls)
      const refused = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason as OncewireError] : []))
      expect(refused.length).toBeGreaterThan(0)
      for (const error of refused) expect(error).toMatchObject({ code: 'overloaded', executed: 'never', attempts: 0 })
      expect(seen.length).toBe(2000 - refused.length)
    })

    test('a oneway call resolves when it is handed over, and arrives', async () => {
      const { url, seen } = await probe((n) => n, address)
      const client = (await connected(url)).client(Probe)
      await client.forget(7)
      await eventually(() => seen.includes(7))
    })

    test('an error that the IDL does not declare is told without its text, which the log has', async () => {
      const { url, logged } = await probe(() => {
        throw new Error('the password is 12345')
      }, address)
      const client = (await connected(url)).client(Probe)
      for (const call of [client.free(1), client.guarded(1)]) {
        const error = await errorOf(call)
        expect(error).toMatchObject({ code: 'internal-error', executed: 'once' })
        expect(error.message).not.toContain('12345')
      }
      expect(logged.join()).toContain('12345')
    })

    test('the deadline passes while the handler runs: unknown at once, and the truth follows', async () => {
      let release = (): void => {}
      const held = new Promise<void>((resolve) => (release = resolve))
      const { url } = await probe((n) => held.then(() => n), address)
      const client = (await connected(url)).client(Probe)
      const error = await errorOf(client.guarded(1, { deadlineMs: 50 }))
      expect(error).toMatchObject({ code: 'deadline', executed: 'unknown' })
      release()
      expect(await error.resolved).toBe('once')
    })

    test('a cancelled call rejects at once; aborted before, it is never sent', async () => {
      const { url, seen } = await probe(() => new Promise<number>(() => {}), address)
      const client = (await connected(url)).client(Probe)
      const abort = new AbortController()
      const call = client.guarded(1, { signal: abort.signal })
      await eventually(() => seen.length === 1)
      abort.abort()
      expect(await errorOf(call)).toMatchObject({ code: 'cancelled', executed: 'unknown' })
      expect(await errorOf(client.guarded(2, { signal: abort.signal }))).toMatchObject({
        code: 'cancelled',
        executed: 'never',
      })
      expect(seen).toEqual([1])
    })

    test('closing settles what is open, and a closed channel says so', async () => {
      const { url, seen } = await probe(() => new Promise<number>(() => {}), address)
      const channel = await connect(url)
      const client = channel.client(Probe)
      const open = client.guarded(1)
      const settled = errorOf(open)
      await eventually(() => seen.length === 1)
      await channel.close()
      expect(await settled).toMatchObject({ code: 'closed', executed: 'unknown' })
      expect(await errorOf(client.guarded(2))).toMatchObject({ code: 'closed', executed: 'never' })
    })

    test('a server that drains lets a running call answer', async () => {
      const { url, server, seen } = await probe(
        (n) => new Promise((resolve) => setTimeout(() => resolve(n), 50)),
        address,
      )
      const client = (await connected(url)).client(Probe)
      const call = client.guarded(5)
      await eventually(() => seen.length === 1)
      await server.close({ drainMs: 5000 })
      expect(await call).toBe(5)
    })
  })
}

describe('a server that is started again', () => {
  test('an at-most-once call that was sent is unknown, and is not run again', async () => {
    const first = await probe(() => new Promise<number>(() => {}), 'memory:again')
    const client = (await connected(first.url)).client(Probe)
    const call = errorOf(client.guarded(1))
    await eventually(() => first.seen.length === 1)
    await first.server.close()
    const second = await probe((n) => n, 'memory:again')
    expect(await call).toMatchObject({ executed: 'unknown' })
    expect(await client.guarded(2)).toBe(2)
    expect(second.seen).toEqual([2])
  })

  test('an at-least-once call is sent again and answered', async () => {
    const first = await probe(() => new Promise<number>(() => {}), 'memory:again2')
    const client = (await connected(first.url)).client(Probe)
    const call = client.free(1)
    await eventually(() => first.seen.length === 1)
    await first.server.close()
    await probe((n) => n + 10, 'memory:again2')
    expect(await call).toBe(11)
  })
})

describe('exactly-once on SQLite', () => {
  test('a declared exception rolls back, is thrown as its class, and is an outcome', async () => {
    const { url, ledger } = await runBank()
    const bank = (await connected(url)).client(Bank)
    await bank.deposit('alice', 100n)
    await expect(bank.debit('alice', 500n)).rejects.toBeInstanceOf(InsufficientFunds)
    await expect(bank.debit('alice', 500n)).rejects.toMatchObject({ name: 'InsufficientFunds', balance: 100n })
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(100n)
  })

  test('one idempotency key, two clients, one debit, one answer', async () => {
    const { url, ledger } = await runBank()
    const one = (await connected(url)).client(Bank)
    const two = (await connected(url)).client(Bank)
    await one.deposit('alice', 100n)
    const answers = await Promise.all([
      one.debit('alice', 10n, { idempotencyKey: 'order-42' }),
      two.debit('alice', 10n, { idempotencyKey: 'order-42' }),
      one.debit('alice', 10n, { idempotencyKey: 'order-42' }),
    ])
    expect(answers).toEqual([90n, 90n, 90n])
    expect(await errorOf(two.debit('alice', 11n, { idempotencyKey: 'order-42' }))).toMatchObject({
      code: 'key-reused',
      executed: 'never',
    })
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(90n)
  })

  test('many clients debit one account at once: money is conserved, and the ledger forgets', async () => {
    const { url, ledger } = await runBank()
    const channels = await Promise.all(Array.from({ length: 8 }, () => connect(url)))
    const banks = channels.map((channel) => channel.client(Bank))
    await banks[0]?.deposit('alice', 100_000n)
    await Promise.all(banks.flatMap((bank) => Array.from({ length: 200 }, () => bank.debit('alice', 1n))))
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(100_000n - 1600n)
    await Promise.all(channels.map((channel) => channel.close({ drainMs: 1000 })))
    await eventually(() => ledger.get<{ n: bigint }>('SELECT count(*) AS n FROM oncewire_record')?.n === 0n)
  })

  test('alwaysDuplicate: a handler that does anything beside its transaction is found; others run once', async () => {
    const { url, ledger } = await runBank({ alwaysDuplicate: true })
    const bank = (await connected(url)).client(Bank)
    expect(await bank.deposit('alice', 100n)).toBe(100n)
    expect(await bank.debit('alice', 30n)).toBe(70n)
    await expect(bank.debit('alice', 500n)).rejects.toBeInstanceOf(InsufficientFunds)
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(70n)

    const logged: string[] = []
    let runs = 0n
    const careless = createServer({ ledger, alwaysDuplicate: true, log: (message) => void logged.push(message) })
    careless.add(Bank, { ...bankHandlers(ledger), deposit: () => ++runs })
    const { url: second } = await careless.listen('tcp://127.0.0.1:0')
    onTestFinished(() => careless.close())
    const error = await errorOf((await connected(second)).client(Bank).deposit('alice', 1n))
    expect(error).toMatchObject({ code: 'internal-error', executed: 'never' })
    expect(logged.join()).toContain('Bank.deposit ran twice with the same arguments and answered differently')
  })

  test('what a crashed client began is handed over to the next one on the same journal', async () => {
    const { url, folder, ledger } = await runBank()
    const journal = join(folder, 'client.journal')
    const first = await connect(url, { journal })
    await first.client(Bank).deposit('alice', 100n)
    const open = first.client(Bank).debit('alice', 30n)
    const settled = open.catch((error: unknown) => error)
    await first.close() // at once: the debit is begun in the journal, its outcome not learnt
    const told = await settled
    const second = await connect(url, { journal })
    onTestFinished(() => second.close())
    second.client(Bank)
    const recovered = []
    for await (const call of second.recovered) recovered.push(call)
    if (told instanceof OncewireError) {
      const debits = recovered.filter(({ method }) => method === 'Bank.debit')
      expect(debits).toMatchObject([{ args: ['alice', 30n], outcome: { kind: 'result', value: 70n } }])
    } else expect(told).toBe(70n)
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(70n)
    await second.close({ drainMs: 1000 })
    const third = await connect(url, { journal })
    onTestFinished(() => third.close())
    for await (const call of third.recovered) expect.fail(`handed over again: ${call.xid}`)
  })

  test('authenticate names the principal, and turns away whom it does not know', async () => {
    const principals: (string | undefined)[] = []
    const server = createServer({
      authenticate: ({ token }) => (token === 'secret' ? 'alice' : undefined),
      log: () => {},
    })
    const record = (n: number, call: { readonly principal: string | undefined }): number => {
      principals.push(call.principal)
      return n
    }
    server.add(Probe, { free: record, guarded: record, forget: () => {} })
    const { url } = await server.listen('tcp://127.0.0.1:0')
    onTestFinished(() => server.close())
    await (await connected(url, { token: 'secret' })).client(Probe).guarded(1)
    expect(principals).toEqual(['alice'])
    expect(await errorOf(connect(url, { token: 'guess' }))).toMatchObject({ code: 'denied', executed: 'never' })
  })
})
