/**
 * Goal: one port, every dialect and framing, found from the first bytes and answered in kind: the same call gives the same
 * value, wherever its bytes are cut.
 * Method: a server, and clients that put bytes together themselves; values of every type.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createServer, type Server } from '../src/index.ts'
import { codecOf } from '../src/wire/envelope.ts'
import { decodeWith } from '../src/wire/struct.ts'
import { Echo, everything, methodOf, values } from './support/everything.ts'
import { called, post, RawClient } from './support/http.ts'
import { message, RawThrift, type Reply, replyOf, type Speech, speeches } from './support/thrift.ts'
import type { Values } from './support/typed-values.ts'

let server: Server<never>
let url: string
beforeAll(async () => {
  server = createServer({ log: () => {} }).add(Echo, { echo: (it) => it }) as Server<never>
  ;({ url } = await server.listen('tcp://127.0.0.1:0'))
})
afterAll(() => server.close())

const echo = methodOf(Echo, 'echo')
const callOf = (speech: Speech, it: Values, seqid = 1): Uint8Array => {
  const payload = echo.encodeArguments([it], { codec: codecOf(speech.dialect) })
  return message(speech, { name: 'echo', seqid, payload })
}
const valueOf = (reply: Reply | undefined, speech: Speech): unknown => {
  expect(reply?.envelope).toMatchObject({ kind: 'reply', name: 'echo', dialect: speech.dialect })
  const decoded = echo.decodeReply(reply?.payload as Uint8Array, codecOf(speech.dialect))
  return 'value' in decoded ? decoded.value : decoded.exception
}

/** One of everything, and numbers that JSON alone would lose. */
const full: Values = {
  isTrue: false,
  byte: -128,
  short: -32768,
  int: -(2 ** 31),
  long: -(2n ** 63n),
  safe: 2 ** 53 - 1,
  real: -0,
  text: 'ä€😀"\\\u0000',
  bytes: Uint8Array.of(0, 255),
  id: '00112233-4455-6677-8899-aabbccddeeff',
  kind: 7,
  point: { x: 1, y: 2n ** 62n },
  bools: Array.from({ length: 20 }, (_, i) => i % 3 === 0),
  words: new Set(['', 'b']),
  counts: new Map([[2n ** 63n - 1n, 1]]),
  byBytes: new Map([['__proto__', [new Map([[-1, 'x']])]]]),
  byPoint: new Map([[{ x: 1 }, new Set([NaN, -Infinity, 0.1])]]),
  points: [[], [{}, { y: -1n }]],
}

describe('the same call has the same result', () => {
  for (const speech of speeches) {
    test(speech.name, async () => {
      const client = await RawThrift.open(url, speech)
      expect(valueOf(await client.sendBytes(callOf(speech, full)).reply(), speech)).toEqual(full)
      await fc.assert(
        fc.asyncProperty(values, async (it) => {
          expect(valueOf(await client.sendBytes(callOf(speech, it)).reply(), speech)).toEqual(it)
        }),
        { numRuns: 40 },
      )
    })
  }

  test.each([
    ['binary', 'application/x-thrift'],
    ['compact', 'application/vnd.apache.thrift.compact'],
    ['json', 'application/vnd.apache.thrift.json; charset=utf-8'],
    ['old-binary', 'application/x-thrift'],
    ['json', 'text/plain'],
    ['binary', ''],
  ] as const)('%s over HTTP, as "%s"', async (dialect, type) => {
    const speech: Speech = { name: '', dialect, framing: 'unframed' }
    const client = await RawClient.open(url)
    const ask = async (it: Values): Promise<unknown> => {
      const body = callOf(speech, it, 77)
      client.send(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`)
      const answer = await client.send(body).replyBytes()
      expect(answer).toMatchObject({ status: 200 })
      expect(answer?.headers['content-type']).toBe(type.includes('thrift') ? type : 'application/x-thrift')
      const reply = replyOf(answer?.bytes as Uint8Array)
      expect(reply.envelope.seqid).toBe(77)
      return valueOf(reply, speech)
    }
    expect(await ask(full)).toEqual(full)
    await fc.assert(
      fc.asyncProperty(values, async (it) => {
        expect(await ask(it)).toEqual(it)
      }),
      { numRuns: 15 },
    )
  })

  test('a client that does not multiplex names its service by the path', async () => {
    const two = createServer({ log: () => {} })
    const answering = (text: string) => ({ echo: (): Values => ({ text }) })
    two.add(Echo, answering('first')).add({ ...Echo, name: 'Second' }, answering('second'))
    const { url: at } = await two.listen('tcp://127.0.0.1:0')
    const speech: Speech = { name: '', dialect: 'binary', framing: 'unframed' }
    const ask = async (path: string, name: string): Promise<unknown> => {
      const client = await RawClient.open(at)
      const body = message(speech, { name, payload: echo.encodeArguments([{}]) })
      client.send(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`).send(body)
      return valueOf(replyOf((await client.replyBytes())?.bytes as Uint8Array), speech)
    }
    expect(await ask('/', 'echo')).toEqual({ text: 'first' })
    expect(await ask('/Second', 'echo')).toEqual({ text: 'second' })
    expect(await ask('/Second', 'Echo:echo')).toEqual({ text: 'first' })
    expect(await ask('/elsewhere', 'Second:echo')).toEqual({ text: 'second' })
    await two.close()
  })

  test('JSON over HTTP', async () => {
    const client = await RawClient.open(url)
    const ask = async (it: Values): Promise<unknown> => {
      const body = Buffer.from(echo.encodeArguments([it], { codec: 'plain-json' })).toString()
      const reply = await client.send(post('/Echo/echo', body)).reply()
      expect(reply?.status).toBe(200)
      return decodeWith('plain-json', new Uint8Array(Buffer.from(reply?.body ?? '')), (r) => everything.read(r))
    }
    expect(await ask(full)).toEqual(full)
    await fc.assert(
      fc.asyncProperty(values, async (it) => {
        expect(await ask(it)).toEqual(it)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a message cut anywhere is the same message', () => {
  const short: Values = { isTrue: true, text: 'cut', bools: [true, false], counts: new Map([[-1n, 2]]), point: {} }
  for (const speech of speeches) {
    test(`${speech.name}: at every byte, and byte by byte`, async () => {
      const client = await RawThrift.open(url, speech)
      const whole = callOf(speech, short)
      for (let at = 1; at < whole.length; at++) {
        client.sendBytes(whole.subarray(0, at))
        await new Promise((resolve) => setImmediate(resolve))
        expect(valueOf(await client.sendBytes(whole.subarray(at)).reply(), speech)).toEqual(short)
      }
      // The end of one with the begin of the next.
      const three = Buffer.concat([whole, whole, whole])
      for (const byte of three) {
        client.sendBytes(Uint8Array.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (let n = 0; n < 3; n++) expect(valueOf(await client.reply(), speech)).toEqual(short)
    })

    test(`${speech.name}: the first bytes of a connection, one by one`, async () => {
      const whole = callOf(speech, short)
      for (let at = 1; at <= 10; at++) {
        const client = await RawThrift.open(url, speech)
        client.sendBytes(whole.subarray(0, at))
        await new Promise((resolve) => setTimeout(resolve, 1))
        expect(valueOf(await client.sendBytes(whole.subarray(at)).reply(), speech)).toEqual(short)
      }
    })
  }
})

describe('text that is no Unicode', () => {
  test('bad UTF-8 reads as U+FFFD, and ED A0 80 is never written, in every dialect', async () => {
    for (const speech of speeches) {
      const codec = codecOf(speech.dialect)
      // Where the text of another call stands, bytes that are none: half a surrogate pair, and a byte that begins nothing.
      const payload = echo.encodeArguments([{ text: 'XXXX' }], { codec })
      payload.set([0xed, 0xa0, 0x80, 0xff], Buffer.from(payload).indexOf('XXXX'))
      const client = await RawThrift.open(url, speech)
      const reply = await client.send({ name: 'echo', payload }).reply()
      expect(valueOf(reply, speech)).toEqual({ text: '\ufffd\ufffd\ufffd\ufffd' })
    }
    const bad = Buffer.from('{"it":{"text":"XXXX"}}')
    bad.set([0xed, 0xa0, 0x80, 0xff], bad.indexOf('XXXX'))
    const client = await RawClient.open(url)
    client.send(`POST /Echo/echo HTTP/1.1\r\nhost: x\r\ncontent-length: ${bad.length}\r\n\r\n`).send(bad)
    expect((await client.reply())?.body).toBe('{"text":"\ufffd\ufffd\ufffd\ufffd"}')
  })

  test('half a surrogate pair is written as U+FFFD', async () => {
    const halves = createServer({ log: () => {} }).add(Echo, { echo: () => ({ text: 'a\ud800b\udc00' }) })
    const listening = await halves.listen('tcp://127.0.0.1:0')
    for (const speech of speeches) {
      const client = await RawThrift.open(listening.url, speech)
      const reply = await client.sendBytes(callOf(speech, {})).reply()
      expect(valueOf(reply, speech)).toEqual({ text: 'a\ufffdb\ufffd' })
      expect(Buffer.from(reply?.payload ?? []).includes(Buffer.from([0xed, 0xa0, 0x80]))).toBe(false)
    }
    expect((await called(listening.url, '/Echo/echo', '{"it":{"text":"\\ud800"}}')).body).toBe(
      '{"text":"a\ufffdb\ufffd"}',
    )
    await halves.close()
  })
})
