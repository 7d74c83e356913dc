/**
 * Goal: Thrift over HTTP is answered as stock servers do: with 200 and a message, or with a status where the request is at fault.
 * Method: sockets that send exactly what the test says. That values come through: dialects.test.ts.
 */
import { describe, expect, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import type { Service } from '../src/index.ts'
import { runMemoryBank } from './support/bank.ts'
import { methodOf } from './support/everything.ts'
import { called, type HttpBytes, post, RawClient } from './support/http.ts'
import { runSlow, Slow } from './support/slow.ts'
import { type Message, message, replyOf, type Speech } from './support/thrift.ts'

describe('Thrift over HTTP', () => {
  const speech: Speech = { name: '', dialect: 'compact', framing: 'unframed' }
  const argument = (service: Service<unknown>, method: string, values: readonly unknown[]): Uint8Array =>
    methodOf(service, method).encodeArguments(values, { codec: 'compact' })

  async function asked(url: string, sent: Message, headers: Readonly<Record<string, string>> = {}): Promise<HttpBytes> {
    const client = await RawClient.open(url)
    const body = message(speech, sent)
    const all = { host: 'x', 'content-type': 'application/x-thrift', 'content-length': body.length, ...headers }
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    const reply = await client
      .send(`POST /thrift HTTP/1.1\r\n${head.join('')}\r\n`)
      .send(body)
      .replyBytes()
    client.socket.destroy()
    return reply as HttpBytes
  }
  const exceptionOf = ({ status, bytes }: HttpBytes): unknown => {
    expect(status).toBe(200)
    return replyOf(bytes).exception
  }

  test('oneway is answered with nothing, and 200, before it ends', async () => {
    const { url, begun } = await runSlow()
    const payload = argument(Slow, 'tell', ['a'])
    for (const kind of ['oneway', 'call'] as const) {
      const { status, bytes, headers } = await asked(url, { name: 'Slow:tell', kind, payload })
      expect({ status, length: bytes.length }).toEqual({ status: 200, length: 0 })
      expect(headers['content-type']).toBe('application/x-thrift')
    }
    expect(begun).toEqual(['a', 'a'])
  })

  test('what goes wrong with a call is a TApplicationException, and 200', async () => {
    const { url } = await runSlow()
    const nobody = await asked(url, { name: 'wiat', seqid: 9 })
    expect(replyOf(nobody.bytes).envelope).toMatchObject({ kind: 'exception', name: 'wiat', seqid: 9 })
    expect(exceptionOf(nobody)).toMatchObject({ type: 1 })
    expect(exceptionOf(await asked(url, { name: 'wait', kind: 'reply' }))).toMatchObject({ type: 2 })
    const late = await asked(
      url,
      { name: 'wait', payload: argument(Slow, 'wait', ['a']) },
      { 'oncewire-deadline-ms': '10' },
    )
    expect(exceptionOf(late)).toMatchObject({ message: expect.stringMatching(/^deadline: .*\(executed: unknown\)$/) })
  })

  test('what is wrong with the request is a status', async () => {
    const { url } = await runSlow({ authenticate: ({ token }) => (token === 'good' ? 'ann' : undefined) })
    const good = { authorization: 'Bearer good' }
    expect((await asked(url, { name: 'wait' })).status).toBe(401)
    expect((await asked(url, { name: 'wait' }, { ...good, 'idempotency-key': 'bare' })).status).toBe(400)
    const client = await RawClient.open(url)
    client.send(post('/thrift', 'no Thrift', { ...good, 'content-type': 'application/x-thrift' }))
    const reply = await client.reply()
    expect(reply).toMatchObject({ status: 400, headers: { 'oncewire-executed': 'never' } })
  })

  test('Idempotency-Key is the same key as in JSON', async () => {
    const { url } = await runMemoryBank()
    const payload = argument(Bank, 'deposit', ['alice', 100n])
    const key = { 'idempotency-key': '"k"' }
    for (let n = 0; n < 2; n++) {
      const { bytes } = await asked(url, { name: 'deposit', payload }, key)
      expect(methodOf(Bank, 'deposit').decodeReply(replyOf(bytes).payload, 'compact')).toEqual({ value: 100n })
    }
    const json = await called(url, '/Bank/deposit', { account: 'alice', cents: 100 }, key)
    expect(json).toMatchObject({ body: '100', headers: { 'oncewire-replayed': 'true' } })
  })
})
