/**
 * Goal: the link does to frames what its rule says, and nothing else. Method: a server that sends back whatever comes.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FaultyLink, type SeenFrame } from './link.ts'

const preface = Buffer.from('d74f5701', 'hex')
let link: FaultyLink
let echo: Server
let url: string

beforeEach(async () => {
  link = new FaultyLink()
  url = await link.listen()
  echo = await startEcho()
  link.pointAt(urlOf(echo))
})

afterEach(() => {
  link.close()
  echo.close()
})

/** Answers every frame with the same frame; says nothing to a preface. */
async function startEcho(): Promise<Server> {
  const server = createServer((socket) => {
    let left = preface.length
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const skipped = Math.min(left, chunk.length)
      left -= skipped
      socket.write(chunk.subarray(skipped))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const urlOf = (server: Server): string => `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`

async function join(): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

function frame(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** A call frame as docs/protocol.md draws it, as far as the link looks. */
function callFrame(attempt: number): Buffer {
  const body = Buffer.alloc(60)
  body[0] = 3
  body.writeUInt16BE(attempt, 38)
  return frame(body)
}

/** Everything that comes back, up to `bytes`. */
async function receive(socket: Socket, bytes: number): Promise<Buffer> {
  let got = Buffer.alloc(0)
  while (got.length < bytes) got = Buffer.concat([got, ...((await once(socket, 'data')) as Buffer[])])
  return got
}

test('whatever the cuts between reads, every frame arrives whole and in order', async () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 8 })
  // Kind 0 is none of ours: these pass unread.
  const plain = bodies.map((all) => all.map((body) => Buffer.concat([Buffer.of(0), body])))
  await fc.assert(
    fc.asyncProperty(plain, fc.integer({ min: 1, max: 40 }), async (sent, piece) => {
      const frames = Buffer.concat(sent.map(frame))
      const bytes = Buffer.concat([preface, frames])
      const socket = await join()
      socket.setNoDelay(true)
      const received = receive(socket, frames.length)
      for (let at = 0; at < bytes.length; at += piece) socket.write(bytes.subarray(at, at + piece))
      expect(await received).toEqual(frames)
      socket.destroy()
    }),
    { numRuns: 30 },
  )
})

test('lost, twice, and a copy kept for later', async () => {
  const seen: SeenFrame[] = []
  let late: (() => void) | undefined
  link.rule = (one, deliver) => {
    seen.push(one)
    if (one.kind !== 'call') return 'delivered'
    if (one.attempt === 1) return 'lost'
    if (one.attempt === 2) return 'twice'
    late ??= deliver
    return 'delivered'
  }
  const socket = await join()
  socket.write(Buffer.concat([preface, callFrame(1), callFrame(2), callFrame(3)]))
  // The echo is seen on its way back too, where the same rule counts: two become four.
  const first = Buffer.concat([callFrame(2), callFrame(2), callFrame(2), callFrame(2), callFrame(3)])
  expect(await receive(socket, first.length)).toEqual(first)
  late?.()
  expect(await receive(socket, callFrame(3).length)).toEqual(callFrame(3))
  expect(seen.slice(0, 3)).toEqual([1, 2, 3].map((attempt) => ({ kind: 'call', attempt })))
})

test('replies, replays, refusals and acknowledgements are told apart', async () => {
  const seen: SeenFrame[] = []
  link.rule = (one) => {
    seen.push(one)
    return 'lost'
  }
  const reply = Buffer.alloc(30)
  reply[0] = 4
  const replay = Buffer.from(reply)
  replay[25] = 4
  const refused = Buffer.concat([Buffer.of(5), Buffer.alloc(26), Buffer.of(0, 5), Buffer.from('stale: too late')])
  const refusedHello = Buffer.from(refused)
  refusedHello[25] = 1
  const socket = await join()
  const last = frame(Buffer.of(9, 0, 0, 0, 0))
  socket.write(
    Buffer.concat([preface, ...[reply, replay, refused, refusedHello, Buffer.alloc(29, 7)].map(frame), last]),
  )
  while (seen.length < 6) await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual([
    { kind: 'reply', isReplay: false },
    { kind: 'reply', isReplay: true },
    { kind: 'refused', code: 'stale' },
    { kind: 'other' },
    { kind: 'ack' },
    { kind: 'other' },
  ])
})

test('the address stays when the server goes elsewhere; while it is nowhere, connections are cut', async () => {
  const before = await join()
  const cut = once(before, 'close')
  link.pointAt(undefined)
  link.cut()
  await cut
  const between = await join()
  await once(between, 'close')

  const other = await startEcho()
  link.pointAt(urlOf(other))
  const after = await join()
  after.write(Buffer.concat([preface, frame(Buffer.of(0, 1))]))
  expect(await receive(after, 6)).toEqual(frame(Buffer.of(0, 1)))
  other.close()
})
