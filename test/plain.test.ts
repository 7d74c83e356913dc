/**
 * Goal: our client speaks to servers that know nothing of sessions, in each dialect Thrift has, and says what it may.
 * Method: our own server, which answers each caller in the caller's dialect, and a real bank behind it.
 */
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Bank, InsufficientFunds } from '../examples/bank/gen/bank.ts'
import { Calculator } from '../examples/calc/gen/calc.ts'
import { type Call, type CallOptions, connect, type ConnectOptions, createServer, type Service } from '../src/index.ts'
import type { Type } from '../src/wire/shape.ts'
import { connected, runBank, runMemoryBank } from './support/bank.ts'
import { failureOf } from './support/echo.ts'
import { answerTo, eachCall, runPeer, type Seen } from './support/peer.ts'
import { structs } from './support/typed-values.ts'

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
const nameOf = ({ framing, codec = 'binary' }: ConnectOptions): string => `${framing ?? 'http'}, ${codec}`

for (const way of ways) {
  for (const multiplexed of [false, true]) {
    describe(`${nameOf(way)}${multiplexed ? ', multiplexed' : ''}`, () => {
      test('results, declared exceptions, void, and many calls in flight', async () => {
        const { url } = await runMemoryBank()
        const bank = (await connected(addressed(url, way), { ...way, multiplexed })).client(Bank)
        expect(await bank.deposit('alice', 100n)).toBe(100n)
        const short = await bank.debit('alice', 101n).catch((error: unknown) => error)
        expect(short).toBeInstanceOf(InsufficientFunds)
        expect(short).toMatchObject({ balance: 100n })
        expect(await bank.note('a line')).toBe(undefined)
        const calls = Array.from({ length: 100 }, () => bank.deposit('alice', 1n))
        // Requests of one turn go over several connections, and arrive in any order.
        const answered = (await Promise.all(calls)).sort((a, b) => Number(a - b))
        expect(answered).toEqual(calls.map((_, n) => 101n + BigInt(n)))
      })

      test('an idempotency key makes several calls one, and other arguments under it are refused', async () => {
        const { url } = await runMemoryBank()
        const bank = (await connected(addressed(url, way), { ...way, multiplexed })).client(Bank)
        for (const idempotencyKey of ['order-42', 'say "\\"', 'Schlüssel 🗝']) {
          const first = await bank.deposit('alice', 100n, { idempotencyKey })
          for (let n = 0; n < 2; n++) expect(await bank.deposit('alice', 100n, { idempotencyKey })).toBe(first)
          const error = await failureOf(bank.deposit('alice', 101n, { idempotencyKey }))
          expect(error).toMatchObject({ code: 'key-reused', executed: 'never' })
        }
        expect(await bank.balance('alice')).toBe(300n)
      })

      test('what the server says of a failure is what the caller is told', async () => {
        const { url } = await runMemoryBank()
        const channel = await connected(addressed(url, way), { ...way, multiplexed })
        const unknown = await failureOf(channel.client(Calculator).ping())
        expect(unknown).toMatchObject({ code: multiplexed ? 'unknown-service' : 'unknown-method', executed: 'never' })
        expect(unknown.message).toContain('Bank')
        const method = { delivery: 'at-most-once', arguments: {} } as const
        const newer: Service<{ debitt(): Promise<void> }> = { name: 'Bank', methods: { debitt: method } }
        const misspelt = await failureOf(channel.client(newer).debitt())
        expect(misspelt).toMatchObject({ code: 'unknown-method', executed: 'never' })
        if (multiplexed) expect(misspelt.message).toContain('Did you mean "debit"?')
        const server = createServer({ log: () => {} }).add(Thrower, { boom: () => Promise.reject(new Error('secret')) })
        const { url: other } = await server.listen('tcp://127.0.0.1:0')
        onTestFinished(() => server.close())
        const thrower = (await connected(addressed(other, way), { ...way, multiplexed })).client(Thrower)
        const thrown = await failureOf(thrower.boom())
        expect(thrown).toMatchObject({ code: 'internal-error', executed: 'once', attempts: 1 })
        expect(thrown.message).not.toContain('secret')
      })
    })
  }
}

interface Thrower {
  boom(options?: CallOptions<'at-most-once'>): Promise<void>
}
const Thrower: Service<Thrower, 'Thrower'> = {
  name: 'Thrower',
  methods: { boom: { delivery: 'at-most-once', arguments: {} } },
}

test('values of any type go there and back, in every way', async () => {
  const server = createServer({ log: () => {} })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  const channels = await Promise.all(ways.map((way) => connected(addressed(url, way), { ...way, multiplexed: true })))
  let count = 0
  await fc.assert(
    fc.asyncProperty(structs, async ({ type, value }) => {
      interface Mirror {
        same(value: unknown, options?: CallOptions<'at-most-once'>): Promise<unknown>
      }
      const same = { delivery: 'at-most-once', arguments: { value: [1, type as Type] }, returns: type as Type } as const
      const mirror: Service<Mirror, string> = { name: `Mirror${++count}`, methods: { same } }
      server.add(mirror, { same: (value: unknown) => Promise.resolve(value) })
      for (const channel of channels) expect(await channel.client(mirror).same(value)).toEqual(value)
    }),
    { numRuns: 40 },
  )
})

describe('what goes beside the arguments', () => {
  interface Ask {
    who(options?: CallOptions<'at-most-once'>): Promise<string>
  }
  const text = { scalar: 'string' } as const
  const Ask: Service<Ask, 'Ask'> = {
    name: 'Ask',
    methods: { who: { delivery: 'at-most-once', arguments: {}, returns: text } },
  }

  for (const way of [{ framing: 'header' }, { framing: 'header', codec: 'compact' }, {}, { codec: 'json' }] as const) {
    test(`token, headers and deadline: ${nameOf(way)}`, async () => {
      const calls: Call[] = []
      const server = createServer({
        log: () => {},
        authenticate: ({ token }) => (token === 'secret' ? 'alice' : undefined),
      })
      server.add(Ask, {
        who(call: Call) {
          calls.push(call)
          return call.principal ?? ''
        },
      })
      const { url } = await server.listen('tcp://127.0.0.1:0')
      onTestFinished(() => server.close())
      const ask = (await connected(addressed(url, way), { ...way, token: 'secret' })).client(Ask)
      expect(await ask.who({ deadlineMs: 5000, headers: { 'x-trace': 'abc' } })).toBe('alice')
      const [call] = calls
      expect(call?.headers['x-trace']).toBe('abc')
      // Infinity, if the server was not told.
      expect(call?.deadline).toBeLessThan(Date.now() + 60_000)
      const stranger = (await connected(addressed(url, way), way)).client(Ask)
      expect(await failureOf(stranger.who())).toMatchObject({ code: 'denied', executed: 'never' })
      expect(calls.length).toBe(1)
    })
  }

  test('THeader repeats the seqid, and compresses only after the server has', async () => {
    const seen: Seen[] = []
    const peer = await runPeer((socket) =>
      eachCall(socket, false, (call) => {
        seen.push(call)
        socket.write(answerTo(call, Uint8Array.of(0), { header: { isDeflated: seen.length === 2 } }))
      }),
    )
    const bank = (await connected(peer.url, { framing: 'header' })).client(Bank)
    for (let n = 0; n < 4; n++) await bank.note(`line ${n}`)
    expect(seen.map(({ header }) => header?.isDeflated)).toEqual([false, false, true, true])
    for (const { header, envelope } of seen) expect(header?.seqid).toBe(envelope.seqid)
    expect(new Set(seen.map(({ envelope }) => envelope.seqid)).size).toBe(4)
  })

  test('headers that do not fit are refused, and nothing was sent', async () => {
    const { url } = await runMemoryBank()
    const bank = (await connected(url, { framing: 'header' })).client(Bank)
    const error = await failureOf(bank.note('x', { headers: { big: 'x'.repeat(70_000) } }))
    expect(error).toMatchObject({ code: 'invalid-argument', executed: 'never', attempts: 0 })
    expect(await bank.balance('alice')).toBe(0n)
    for (const framing of ['framed', 'unframed'] as const) {
      const plain = (await connected(url, { framing })).client(Bank)
      const refused = await failureOf(plain.note('x', { headers: { trace: 'abc' } }))
      expect(refused).toMatchObject({ code: 'invalid-argument', executed: 'never' })
      expect(refused.message).toContain("use framing: 'header' or an http: address")
    }
  })
})

test('an at-least-once call is sent once too: nothing is retransmitted', async () => {
  const seen: Seen[] = []
  const peer = await runPeer((socket) => eachCall(socket, false, (call) => void seen.push(call)))
  const bank = (await connected(peer.url, { framing: 'framed' })).client(Bank)
  const error = await failureOf(bank.balance('alice', { deadlineMs: 1300 }))
  expect(error).toMatchObject({ code: 'deadline', executed: 'unknown', attempts: 1 })
  expect(seen.length).toBe(1)
})

test('a server that was started again is connected to by the next call', async () => {
  const first = await runBank()
  const bank = (await connected(first.url, { framing: 'framed' })).client(Bank)
  await bank.deposit('alice', 1n)
  await first.server.close()
  let ended: unknown
  do ended = await bank.balance('alice').catch((error: unknown) => error)
  while ((ended as { executed?: string }).executed === 'unknown')
  expect(ended).toMatchObject({ code: 'unavailable', executed: 'never' })
  await runBank({}, first.url)
  expect(await bank.balance('alice')).toBe(0n)
})

describe('options that do not go together are refused before anything is connected', () => {
  const nowhere = 'tcp://127.0.0.1:1'
  const refusals: readonly [target: string | readonly string[], options: object, code: string, says: string][] = [
    [nowhere, { framing: 'boxed' }, 'invalid-argument', 'there is session, framed, unframed, header, not "boxed"'],
    [nowhere, { framing: 'framed', journal: './x.journal' }, 'invalid-argument', 'a journal could promise nothing'],
    ['http://127.0.0.1:1', { journal: './x.journal' }, 'invalid-argument', 'a journal could promise nothing'],
    [nowhere, { framing: 'framed', retransmission: {} }, 'invalid-argument', 'every call is sent once'],
    [nowhere, { framing: 'header', codec: 'json' }, 'invalid-argument', "'json' has no place in THeader"],
    [nowhere, { framing: 'framed', codec: 'xml' }, 'invalid-argument', 'there is binary, compact, json, not "xml"'],
    [nowhere, { codec: 'compact' }, 'invalid-argument', 'calls in sessions are binary'],
    [nowhere, { framing: 'framed', token: 'secret' }, 'invalid-argument', 'there is no place for one'],
    ['memory:x', { framing: 'framed' }, 'invalid-argument', 'memory:x has sessions only'],
    ['http://127.0.0.1:1', { framing: 'framed' }, 'invalid-argument', 'over HTTP each call is a request'],
    [['http://127.0.0.1:1', nowhere], {}, 'invalid-target', 'the others of its list are http: addresses'],
    ['http://', {}, 'invalid-target', 'it is no URL'],
  ]
  for (const [target, options, code, says] of refusals) {
    test(`${JSON.stringify(target)} ${JSON.stringify(options)}`, async () => {
      const error = await failureOf(connect(target, options as ConnectOptions))
      expect(error).toMatchObject({ code, executed: 'never' })
      expect(error.message).toContain(says)
    })
  }
})
