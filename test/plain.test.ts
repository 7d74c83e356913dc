/**
 * Goal: our client speaks to servers that know nothing of sessions, in each dialect Thrift has, and says what it may.
 * Method: our own server, which answers each caller in the caller's dialect, and a real bank behind it.
 */
import { describe, expect, test } from 'vitest'
import { Bank, InsufficientFunds } from '../examples/bank/gen/bank.ts'
import type { ConnectOptions } from '../src/index.ts'
import { connected, runBank } from './support/bank.ts'

const ways: ConnectOptions[] = [
  { framing: 'framed', codec: 'binary' },
  { framing: 'framed', codec: 'compact' },
  { framing: 'framed', codec: 'json' },
  { framing: 'unframed', codec: 'binary' },
  { framing: 'unframed', codec: 'compact' },
  { framing: 'unframed', codec: 'json' },
  { framing: 'header', codec: 'binary' },
  { framing: 'header', codec: 'compact' },
  { codec: 'binary' },
  { codec: 'compact' },
  { codec: 'json' },
]
/** Without a framing it is HTTP. */
const addressed = (url: string, { framing }: ConnectOptions): string =>
  framing === undefined ? url.replace('tcp:', 'http:') : url

for (const way of ways) {
  for (const multiplexed of [false, true]) {
    describe(`${way.framing ?? 'http'}, ${way.codec}${multiplexed ? ', multiplexed' : ''}`, () => {
      test('results, declared exceptions, void, and many calls in flight', async () => {
        const { url } = await runBank()
        const bank = (await connected(addressed(url, way), { ...way, multiplexed })).client(Bank)
        expect(await bank.deposit('alice', 100n)).toBe(100n)
        const short = await bank.debit('alice', 101n).catch((error: unknown) => error)
        expect(short).toBeInstanceOf(InsufficientFunds)
        expect(short).toMatchObject({ balance: 100n })
        expect(await bank.note('a line')).toBe(undefined)
        const calls = Array.from({ length: 300 }, () => bank.deposit('alice', 1n))
        // Requests of one turn go over several connections, and arrive in any order.
        const answered = (await Promise.all(calls)).sort((a, b) => Number(a - b))
        expect(answered).toEqual(calls.map((_, n) => 101n + BigInt(n)))
      })

      test('an idempotency key makes two calls one', async () => {
        const { url } = await runBank()
        const bank = (await connected(addressed(url, way), { ...way, multiplexed })).client(Bank)
        for (let n = 0; n < 3; n++) expect(await bank.deposit('alice', 100n, { idempotencyKey: 'order-42' })).toBe(100n)
        expect(await bank.balance('alice')).toBe(100n)
      })
    })
  }
}
