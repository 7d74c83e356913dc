/**
 * TCP and memory pass the contract; and what only a socket can do to a server.
 */
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { transportFor } from './choose.ts'
import { dialectOf } from './preface.ts'
import { transportContract } from './transport-contract.ts'

transportContract('tcp', () => 'tcp://127.0.0.1:0')
let names = 0
transportContract('memory', () => `memory:contract-${++names}`)

const nobody = { received: () => {}, drained: () => {}, closed: () => {} }

async function listening(connectionsMax = 1000): Promise<number> {
  const { transport, url } = transportFor('tcp://127.0.0.1:0')
  const listener = await transport.listen(url, () => nobody, { frameBytesMax: 1000, frameMs: 100, connectionsMax })
  onTestFinished(() => listener.close())
  return Number(new URL(listener.url).port)
}

test('a browser that finds the port is told what it is', async () => {
  const socket = connectSocket(await listening(), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(socket, 'close')
  expect(said).toMatch(/^HTTP\/1.1 400 /)
  expect(said).toContain('Oncewire')
})

test('whoever says nothing, or half of the preface, is closed after frameMs', async () => {
  const port = await listening()
  for (const first of [[], [0xd7, 0x4f], [0xd7, 0x4f, 0x57, 1, 0, 0, 0, 9, 1]]) {
    const socket = connectSocket(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    if (first.length > 0) socket.write(Uint8Array.from(first))
    await once(socket, 'close')
  }
})

test('a thousand connections that come and go leave nothing', async () => {
  const port = await listening()
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connectSocket(port, '127.0.0.1').on('error', () => {})
        await once(socket, 'connect')
        const closed = once(socket, 'close')
        socket.destroy()
        await closed
      }),
    )
  }
})

test('the first bytes tell the dialects apart', () => {
  const of = (...bytes: number[]): string => dialectOf(Uint8Array.from(bytes))
  expect([of(), of(0xd7), of(0xd7, 0x4f, 0x57)]).toEqual(['undecided', 'undecided', 'undecided'])
  expect(of(0xd7, 0x4f, 0x57, 1)).toBe('ours')
  expect(of(0xd7, 0x4f, 0x57, 2)).toBe('newer')
  expect(of(...Buffer.from('POST /'))).toBe('http')
  for (const thrift of [
    [0x80, 1, 0, 1],
    [0x82, 0x21],
    [0, 0, 0, 20],
  ])
    expect(of(...thrift)).toBe('other')
})

test('addresses that are none say what to write', () => {
  expect(() => transportFor('localhost:9090')).toThrow('did you mean tcp://localhost:9090?')
  expect(() => transportFor('http://localhost:9090')).toThrow('did you mean tcp://localhost:9090?')
  expect(() => transportFor('tcp://localhost')).toThrow('write tcp://localhost:9090')
  expect(() => transportFor('bank')).toThrow('write tcp://host:port or memory:name')
})
