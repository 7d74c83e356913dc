/**
 * Goal: a stock Thrift client gets from us what Apache's servers give it, and better where they hang, close or lie.
 * Method: a server, and clients that put bytes together themselves, in every dialect and framing.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import { type CallOptions, createServer, type ServerOptions, type Service } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { fromHex, toHex } from '../src/std/bytes.ts'
import { codecOf } from '../src/wire/envelope.ts'
import type { Codec } from '../src/wire/shape.ts'
import { decodeWith } from '../src/wire/struct.ts'
import { i32, i64, string } from '../src/wire/types.ts'
import { runBank, runMemoryBank } from './support/bank.ts'
import { methodOf } from './support/everything.ts'
import { called } from './support/http.ts'
import { eventually } from './support/slow.ts'
import { message, RawThrift, type Reply, type Speech, speeches } from './support/thrift.ts'
import { structOf, type Values } from './support/typed-values.ts'

type Options = CallOptions<'at-most-once'>
const need = structOf('Need', { a: [1, i32] })

interface Probe {
  wait(name: string, options?: Options): Promise<string>
  tell(name: string, options?: Options): Promise<void>
  fail(name: string, options?: Options): Promise<string>
  take(count: number, need: Values, options?: Options): Promise<string>
  sum(numbers: readonly number[], options?: Options): Promise<number>
}
const Probe: Service<Probe, 'Probe'> = {
  name: 'Probe',
  methods: {
    wait: { delivery: 'at-most-once', arguments: { name: [1, string] }, returns: string },
    tell: { delivery: 'at-most-once', oneway: true, arguments: { name: [1, string] } },
    fail: { delivery: 'at-most-once', arguments: { name: [1, string] }, returns: string },
    take: { delivery: 'at-most-once', arguments: { count: [1, i32, 7], need: [2, need] }, returns: string },
    sum: { delivery: 'at-most-once', arguments: { numbers: [1, { list: i32 }] }, returns: i32 },
  },
}
const Other: Service<Pick<Probe, 'wait'>, 'Other'> = {
  name: 'Other',
  methods: { wait: { delivery: 'at-most-once', arguments: { name: [1, string] }, returns: string } },
}

/** `wait` ends when the test says, or at once if its name begins with "!". */
async function runProbe(options: ServerOptions = {}) {
  const begun: string[] = []
  const logged: string[] = []
  const headers: Readonly<Record<string, string>>[] = []
  const ends = new Map<string, () => void>()
  const log = (text: string, error: unknown): void => void logged.push(`${text}: ${String(error)}`)
  const server = createServer({ log, ...options })
  const wait = (name: string): string | Promise<string> => {
    begun.push(name)
    return name.startsWith('!') ? name : new Promise((resolve) => ends.set(name, () => resolve(name)))
  }
  server.add(Probe, {
    wait(name, call) {
      headers.push(call.headers)
      return wait(name)
    },
    tell: async (name) => void (await wait(name)),
    fail() {
      throw new Error('a secret')
    },
    take: (count, it) => JSON.stringify([count, it]),
    sum: (numbers) => numbers.reduce((sum, number) => sum + number, 0),
  })
  server.add(Other, { wait: (name) => `other ${name}` })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  return { url, server, begun, logged, headers, end: (name: string) => ends.get(name)?.() }
}

const binary: Speech = { name: 'binary', dialect: 'binary', framing: 'framed' }
const header: Speech = { name: 'THeader', dialect: 'compact', framing: 'header' }
/** The one argument that most methods here have. */
const named = (speech: Pick<Speech, 'dialect'>, name: string, key?: string): Uint8Array =>
  methodOf(Probe, 'wait').encodeArguments([name], { codec: codecOf(speech.dialect), idempotencyKey: key })
const resultOf = (reply: Reply | undefined): unknown => {
  expect(reply?.envelope.kind).toBe('reply')
  const { dialect } = (reply as Reply).envelope
  return methodOf(Probe, 'wait').decodeReply((reply as Reply).payload, codecOf(dialect))
}

describe.each(speeches)('$name', (speech) => {
  const codec: Codec = codecOf(speech.dialect)

  test('names, kinds and seqids: each reply has those of its call', async () => {
    const { url } = await runProbe()
    const client = await RawThrift.open(url, speech)
    for (const seqid of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      for (const name of ['wait', 'Probe:wait']) {
        const reply = await client.send({ name, seqid, payload: named(speech, '!x') }).reply()
        expect(reply?.envelope).toEqual({ kind: 'reply', name: 'wait', seqid, dialect: speech.dialect })
        expect(resultOf(reply)).toEqual({ value: '!x' })
        if (speech.framing === 'header' || speech.framing === 'zlib') {
          expect(reply?.header).toMatchObject({ seqid, isDeflated: speech.framing === 'zlib' })
        }
      }
    }
    const other = await client.send({ name: 'Other:wait', payload: named(speech, 'x') }).reply()
    expect(resultOf(other)).toEqual({ value: 'other x' })
  })

  test('what goes wrong is told with the numbers of Apache, and the connection lives on', async () => {
    const { url } = await runProbe()
    const client = await RawThrift.open(url, speech)
    const words = structOf('sum_args', { numbers: [1, { list: string }] }).encode({ numbers: ['x'] }, codec)
    const told = [
      [{ name: 'wiat' }, 1, 'unknown-method: ', 'Did you mean "wait"?'],
      [{ name: 'Prob:wait' }, 1, 'unknown-service: ', 'Did you mean "Probe"?'],
      [{ name: '' }, 1, 'unknown-method: ', 'no service here has a method'],
      [{ name: 'wait', kind: 'reply' }, 2, 'malformed: ', 'kind reply'],
      [{ name: 'wait', kind: 'exception' }, 2, 'malformed: ', 'kind exception'],
      [{ name: 'fail' }, 6, 'internal-error: ', 'the log of the server says why'],
      [{ name: 'sum', payload: words }, 7, 'malformed: ', 'Probe.sum: elements of type string where i32'],
      [{ name: 'take' }, 7, 'malformed: ', 'argument need is absent'],
    ] as const
    for (const [sent, type, begin, part] of told) {
      const exception = await client.send({ seqid: -7, ...sent }).exception()
      expect(exception).toMatchObject({ type, seqid: -7, name: sent.name.slice(sent.name.indexOf(':') + 1) })
      expect(exception.message?.startsWith(begin)).toBe(true)
      expect(exception.message).toContain(part)
      expect(exception.message).toContain(sent.name === 'fail' ? '(executed: once)' : '(executed: never)')
      expect(exception.message).not.toContain('secret')
    }
    expect(resultOf(await client.send({ name: 'wait', payload: named(speech, '!x') }).reply())).toEqual({ value: '!x' })
  })

  test('oneway is never answered, whatever it is and however it is called', async () => {
    const { url, begun, end } = await runProbe()
    const client = await RawThrift.open(url, speech)
    client.send(
      { name: 'tell', kind: 'oneway', payload: named(speech, '!a') },
      { name: 'tell', kind: 'call', payload: named(speech, 'b') }, // as before 0.9.3
      { name: 'nobody', kind: 'oneway', payload: named(speech, 'c') },
      { name: 'wait', kind: 'oneway', payload: named(speech, '!d') },
      { name: 'tell', kind: 'oneway' },
      { name: 'wait', seqid: 9, payload: named(speech, '!e') },
    )
    expect((await client.reply())?.envelope.seqid).toBe(9)
    expect(begun).toEqual(['!a', 'b', '!d', '', '!e'])
    end('b')
  })

  test('several calls on their way are answered in their order, not in that of their ends', async () => {
    const { url, begun, end } = await runProbe()
    const client = await RawThrift.open(url, speech)
    const names = ['a', '!b', 'c', '!d']
    client.send(...names.map((name, seqid) => ({ name: 'wait', seqid: 100 - seqid, payload: named(speech, name) })))
    await eventually(() => begun.length === 4)
    end('c')
    end('a')
    for (const [n, value] of names.entries()) {
      const reply = await client.reply()
      expect(reply?.envelope.seqid).toBe(100 - n)
      expect(resultOf(reply)).toEqual({ value })
    }
  })

  test('a caller that has ended its side is answered; a server that closes tells who waits', async () => {
    const { url, server, begun, end } = await runProbe()
    const said = await RawThrift.open(url, speech)
    said.send({ name: 'wait', payload: named(speech, 'a') }).socket.end()
    await eventually(() => begun.length === 1)
    end('a')
    expect(resultOf(await said.reply())).toEqual({ value: 'a' })
    expect(await said.reply()).toBeUndefined()
    const waiting = await RawThrift.open(url, speech)
    for (const seqid of [5, 6]) waiting.send({ name: 'wait', seqid, payload: named(speech, `w${seqid}`) })
    await eventually(() => begun.length === 3)
    await server.close()
    for (const seqid of [5, 6]) {
      const exception = await waiting.exception()
      expect(exception).toMatchObject({ type: 6, seqid })
      expect(exception.message).toBe('closed: the server is closing (executed: unknown)')
    }
    expect(await waiting.reply()).toBeUndefined()
  })

  test('bytes that are no message end their connection, once what came before is answered, and no other', async () => {
    const { url, begun, end, logged } = await runProbe()
    const client = await RawThrift.open(url, speech)
    const other = await RawThrift.open(url, speech)
    client.send({ name: 'wait', payload: named(speech, 'a') })
    await eventually(() => begun.length === 1)
    const garbage = speech.framing === 'unframed' ? '8002000100000000' : '00000008' + '8002000100000000'
    client.sendBytes(fromHex(garbage)).send({ name: 'wait', payload: named(speech, '!never') })
    await eventually(() => logged.length === 1)
    end('a')
    expect(resultOf(await client.reply())).toEqual({ value: 'a' })
    expect(await client.reply()).toBeUndefined()
    expect(logged[0]).toContain('Thrift connection of 127.0.0.1')
    expect(resultOf(await other.send({ name: 'wait', payload: named(speech, '!b') }).reply())).toEqual({ value: '!b' })
    expect(begun).toEqual(['a', '!b'])
  })

  test('fields that nobody knows and arguments that are absent', async () => {
    const { url } = await runProbe()
    const client = await RawThrift.open(url, speech)
    const newer = structOf('take_args', { count: [1, string], need: [2, need], more: [3, { map: [string, i64] }] })
    const value = { count: 'of another type', need: { a: 5 }, more: new Map([['x', 1n]]) }
    const reply = await client.send({ name: 'take', payload: newer.encode(value, codec) }).reply()
    expect(resultOf(reply)).toEqual({ value: '[7,{"a":5}]' })
    expect(resultOf(await client.send({ name: 'Other:wait' }).reply())).toEqual({ value: 'other ' })
  })

  test('a reply that is too large is told, and the next is not', async () => {
    const { url } = await runProbe({ limits: { replyBytesMax: 100 } })
    const client = await RawThrift.open(url, speech)
    const long = await client.send({ name: 'wait', payload: named(speech, `!${'x'.repeat(200)}`) }).exception()
    expect(long).toMatchObject({ type: 6 })
    expect(long.message).toMatch(/^reply-too-large: .* 100 \(executed: once\)$/)
    expect(resultOf(await client.send({ name: 'wait', payload: named(speech, '!x') }).reply())).toEqual({ value: '!x' })
  })

  test('a declared exception is a reply; a key in field 32767 makes a repeated call the first one', async () => {
    const { url } = await runMemoryBank()
    const client = await RawThrift.open(url, speech)
    const deposit = methodOf(Bank, 'deposit')
    const debit = methodOf(Bank, 'debit')
    const short = await client.send({ name: 'debit', payload: debit.encodeArguments(['a', 1n], { codec }) }).reply()
    expect(debit.decodeReply((short as Reply).payload, codec)).toMatchObject({ exception: { balance: 0n } })
    const ask = async (cents: bigint, idempotencyKey?: string): Promise<Reply | undefined> => {
      const payload = deposit.encodeArguments(['a', cents], { codec, idempotencyKey })
      return client.send({ name: 'Bank:deposit', payload }).reply()
    }
    const balance = (reply: Reply | undefined): unknown => deposit.decodeReply((reply as Reply).payload, codec)
    expect(balance(await ask(100n, 'k'))).toEqual({ value: 100n })
    expect(balance(await ask(100n, 'k'))).toEqual({ value: 100n })
    expect((await ask(101n, 'k'))?.exception?.message).toMatch(/^key-reused: .*\(executed: never\)$/)
    expect(balance(await ask(1n))).toEqual({ value: 101n })
    // Over HTTP it is the same key.
    const over = { 'idempotency-key': '"k"' }
    expect(await called(url, '/Bank/deposit', { account: 'a', cents: 100 }, over)).toMatchObject({
      body: '100',
      headers: { 'oncewire-replayed': 'true' },
    })
  })

  test('a key where it cannot be honoured is refused, never ignored', async () => {
    const { url, begun } = await runProbe()
    const client = await RawThrift.open(url, speech)
    const refused = await client.send({ name: 'wait', payload: named(speech, '!x', 'k') }).exception()
    expect(refused.message).toMatch(/^key-needs-ledger: Probe.wait is at-most-once.*\(executed: never\)$/)
    expect(begun).toEqual([])
  })
})

describe('on the wire', () => {
  /** Sends hexadecimal, ends its side, and answers everything that came. */
  async function exchanged(sent: string): Promise<string> {
    const { url } = await runMemoryBank()
    const client = await RawThrift.open(url, { name: '', dialect: 'binary', framing: 'unframed' })
    client.socket.removeAllListeners('data')
    const received: Buffer[] = []
    client.socket.on('data', (chunk: Buffer) => received.push(chunk))
    client.socket.end(fromHex(sent.replaceAll(' ', '')))
    await new Promise((resolve) => client.socket.once('close', resolve))
    return toHex(new Uint8Array(Buffer.concat(received)))
  }
  const hex = (text: string): string => text.replaceAll(' ', '')

  test('binary, strict', async () => {
    const call = '80010001 00000007 62616c616e6365 00000005 0b 0001 00000001 61 00'
    expect(await exchanged(call)).toBe(hex('80010002 00000007 62616c616e6365 00000005 0a 0000 0000000000000000 00'))
  })

  test('compact', async () => {
    const call = '82 21 05 07 62616c616e6365 18 01 61 00'
    expect(await exchanged(call)).toBe(hex('82 41 05 07 62616c616e6365 06 00 00 00'))
  })

  test('JSON', async () => {
    const call = Buffer.from('[1,"balance",1,5,{"1":{"str":"a"}}]').toString('hex')
    expect(Buffer.from(await exchanged(call), 'hex').toString()).toBe('[1,"balance",2,5,{"0":{"i64":0}}]')
  })

  test('a void result is an empty struct', async () => {
    const call = '80010001 00000004 6e6f7465 00000005 0b 0001 00000001 61 00'
    expect(await exchanged(call)).toBe(hex('80010002 00000004 6e6f7465 00000005 00'))
  })

  test.each([
    ['binary', '80010007 00000004 6e6f7465 00000005 00', '80010003 00000004 6e6f7465 00000005', '080002 00000002 00'],
    ['compact', '82 e1 05 04 6e6f7465 00', '82 61 05 04 6e6f7465', '15 04 00'],
    ['old binary', '00000004 6e6f7465 00 00000005 00', '00000004 6e6f7465 03 00000005', '080002 00000002 00'],
  ])('a message of a kind that Thrift does not have: INVALID_MESSAGE_TYPE, in %s', async (_, call, begin, end) => {
    const answer = await exchanged(call)
    expect(answer.startsWith(hex(begin))).toBe(true)
    expect(answer.endsWith(hex(end))).toBe(true)
  })

  test.each([
    ['JSON, which is in no library', '0fff 0000 00000005 0001 01 00 0000 5b5d', '080002 00000009 00'],
    ['snappy', '0fff 0000 00000005 0001 00 01 03 00 00', '080002 00000008 00'],
  ])('THeader with what nobody here knows (%s): INVALID_PROTOCOL, INVALID_TRANSFORM', async (_, frame, end) => {
    const length = (hex(frame).length / 2).toString(16).padStart(8, '0')
    const good = toHex(message(binary, { name: 'note', seqid: 6 }))
    const answer = await exchanged(length + hex(frame) + good)
    // The same seqid in the frame and in the message, no name, no transform.
    expect(answer.slice(8, 32)).toBe('0fff' + '0000' + '00000005' + answer.slice(24, 28) + '0000')
    expect(answer).toContain(hex('80010003 00000000 00000005'))
    expect(answer).toContain(hex(end))
    // And the next call is answered.
    expect(answer.endsWith(hex('80010002 00000004 6e6f7465 00000006 00'))).toBe(true)
  })
})

describe('THeader', () => {
  test('pairs reach the handler, what proves the caller does not', async () => {
    const authenticate = ({ token }: { readonly token: string }): string | undefined =>
      token === 'bad' ? undefined : token
    const { url, headers } = await runProbe({ authenticate })
    const client = await RawThrift.open(url, header)
    const payload = named(header, '!x')
    const pairs = { authorization: 'Bearer ann', trace: 'ä' }
    expect(resultOf(await client.send({ name: 'wait', payload, pairs }).reply())).toEqual({ value: '!x' })
    expect({ ...headers[0] }).toEqual({ trace: 'ä' })
    const bad = { authorization: 'Bearer bad' }
    const denied = await client.send({ name: 'wiat', payload, pairs: bad }).exception()
    expect(denied.message).toBe('denied: the server does not know this caller (executed: never)')
  })

  test('failures say code and executed in info headers too', async () => {
    const { url } = await runProbe()
    const client = await RawThrift.open(url, header)
    const reply = await client.send({ name: 'fail' }).reply()
    expect({ ...reply?.header?.pairs }).toEqual({ 'oncewire-code': 'internal-error', 'oncewire-executed': 'once' })
  })

  test('idempotency-key: one execution, a replay that says so, and for how long it is kept', async () => {
    const { url } = await runBank()
    const client = await RawThrift.open(url, header)
    const deposit = methodOf(Bank, 'deposit')
    const payload = deposit.encodeArguments(['a', 5n], { codec: 'compact' })
    const pairs = { 'idempotency-key': 'order-42' }
    const first = await client.send({ name: 'deposit', payload, pairs }).reply()
    expect({ ...first?.header?.pairs }).toEqual({ 'oncewire-key-retention': '86400' })
    const again = await client.send({ name: 'deposit', payload, pairs }).reply()
    expect({ ...again?.header?.pairs }).toEqual({ 'oncewire-key-retention': '86400', 'oncewire-replayed': 'true' })
    expect(toHex(again?.payload as Uint8Array)).toBe(toHex(first?.payload as Uint8Array))
    // Two at once: the second waits for the first, as a retransmission of our own client would.
    const both = { name: 'deposit', payload, pairs: { 'idempotency-key': 'order-43' } }
    client.send(both, both)
    for (let n = 0; n < 2; n++) {
      expect(deposit.decodeReply((await client.reply())?.payload as Uint8Array, 'compact')).toEqual({ value: 10n })
    }
    const other = deposit.encodeArguments(['a', 5n], { codec: 'compact', idempotencyKey: 'order-44' })
    expect((await client.send({ name: 'deposit', payload: other, pairs }).exception()).message).toContain('two idem')
  })

  test('client_timeout is the deadline', async () => {
    const { url, begun, end } = await runProbe()
    const client = await RawThrift.open(url, header)
    const exception = await client
      .send({ name: 'wait', payload: named(header, 'a'), pairs: { client_timeout: '20' } })
      .exception()
    expect(exception.message).toMatch(/^deadline: .*\(executed: unknown\)$/)
    expect(begun).toEqual(['a'])
    end('a')
    expect(resultOf(await client.send({ name: 'wait', payload: named(header, '!b') }).reply())).toEqual({ value: '!b' })
  })

  test('and plain frames may come on one connection', async () => {
    const { url } = await runProbe()
    const client = await RawThrift.open(url, header)
    client.send({ name: 'wait', payload: named(header, '!a') })
    client.sendBytes(message(binary, { name: 'wait', payload: named(binary, '!b') }))
    expect((await client.reply())?.header).toBeDefined()
    const second = await client.reply()
    expect(second?.header).toBeUndefined()
    expect(second?.envelope.dialect).toBe('binary')
  })
})

test('a caller that can show no token is whoever authenticate says, and denied if that is nobody', async () => {
  const { url } = await runProbe({ authenticate: ({ token }) => (token === '' ? undefined : token) })
  for (const speech of speeches) {
    const client = await RawThrift.open(url, speech)
    expect((await client.send({ name: 'wait', payload: named(speech, '!x') }).exception()).message).toMatch(/^denied: /)
  }
  const guests = await runProbe({ authenticate: async ({ token }) => token })
  const client = await RawThrift.open(guests.url, binary)
  expect(resultOf(await client.send({ name: 'wait', payload: named(binary, '!x') }).reply())).toEqual({ value: '!x' })
})

describe('many calls', () => {
  test('above the window no more are read; when it empties, all are answered', async () => {
    const { url, begun, end } = await runProbe({ limits: { window: 10 } })
    const client = await RawThrift.open(url, binary)
    const filler = 'x'.repeat(4000)
    const names = Array.from({ length: 2000 }, (_, n) => `${n} ${filler}`)
    client.send(...names.map((name, seqid) => ({ name: 'wait', seqid, payload: named(binary, name) })))
    await eventually(() => begun.length >= 10)
    await new Promise((resolve) => setTimeout(resolve, 30))
    // Those of the chunk that filled it have been taken too.
    expect(begun.length).toBeLessThan(40)
    let ended = 0
    for (let seqid = 0; seqid < names.length; seqid++) {
      await eventually(() => begun.length > ended || ended === names.length)
      while (ended < begun.length) end(begun[ended++] as string)
      expect((await client.reply())?.envelope.seqid).toBe(seqid)
    }
  })

  test('oneway calls count as well', async () => {
    const { url, begun } = await runProbe({ limits: { window: 10 } })
    const client = await RawThrift.open(url, binary)
    const filler = 'x'.repeat(4000)
    for (let n = 0; n < 1000; n++)
      client.send({ name: 'tell', kind: 'oneway', payload: named(binary, `${n}${filler}`) })
    await eventually(() => begun.length >= 10)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(begun.length).toBeLessThan(40)
  })

  test('who waits with half a message sent, while we do not read, is left alone', async () => {
    const { url, begun, end } = await runProbe({ limits: { window: 1, frameMs: 60 } })
    const client = await RawThrift.open(url, binary)
    const second = message(binary, { name: 'wait', payload: named(binary, '!b') })
    client.send({ name: 'wait', payload: named(binary, 'a') })
    client.sendBytes(second.subarray(0, 9))
    await eventually(() => begun.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    end('a')
    expect(resultOf(await client.reply())).toEqual({ value: 'a' })
    expect(resultOf(await client.sendBytes(second.subarray(9)).reply())).toEqual({ value: '!b' })
  })

  test('while a slow authenticate looks at the first, the server closes: it was never run', async () => {
    let letIn: (principal: string) => void = () => {}
    const authenticate = (): Promise<string> => new Promise((resolve) => (letIn = resolve))
    const { url, server, begun } = await runProbe({ authenticate })
    const client = await RawThrift.open(url, header)
    client.send({ name: 'wait', payload: named(header, '!a'), pairs: { authorization: 'Bearer x' } })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await server.close()
    letIn('x')
    expect((await client.exception()).message).toBe('closed: the server is closing (executed: never)')
    expect(begun).toEqual([])
  })
})

test('a server that requires keys requires them of stock Thrift too', async () => {
  const server = createServer({ ledger: memoryLedger(), requireKeys: true, log: () => {} })
  const add = (_account: string, cents: bigint): bigint => cents
  server.add(Bank, { balance: () => 0n, debit: add, deposit: add, note: () => {} })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  const client = await RawThrift.open(url, binary)
  const payload = methodOf(Bank, 'deposit').encodeArguments(['a', 1n])
  expect((await client.send({ name: 'deposit', payload }).exception()).message).toMatch(/^key-required: /)
  const keyed = methodOf(Bank, 'deposit').encodeArguments(['a', 1n], { idempotencyKey: 'k' })
  const reply = await client.send({ name: 'deposit', payload: keyed }).reply()
  expect(decodeWith('binary', reply?.payload as Uint8Array, (r) => structOf('', { it: [0, i64] }).read(r))).toEqual({
    it: 1n,
  })
})
