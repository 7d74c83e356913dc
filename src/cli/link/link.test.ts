/**
 * Goal: the link does to frames what its rule says, and nothing else. Method: a server that sends back whatever comes.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Chances, Dice } from './chances.ts'
import { FaultyLink, type SeenFrame, type Trouble, type Unit } from './link.ts'
import { speechOf } from './units.ts'

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

const inPieces = (bytes: Buffer, length: number): Buffer[] =>
  Array.from({ length: bytes.length / length }, (_, i) => bytes.subarray(i * length, (i + 1) * length))

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count) => resolve(count)))

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
  link.rule = ({ seen: one = { kind: 'other' } }, deliver) => {
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
  link.rule = ({ seen: one = { kind: 'other' } }) => {
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
  const between = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  await new Promise((resolve) => between.on('close', resolve))

  const other = await startEcho()
  link.pointAt(urlOf(other))
  const after = await join()
  after.write(Buffer.concat([preface, frame(Buffer.of(0, 1))]))
  expect(await receive(after, 6)).toEqual(frame(Buffer.of(0, 1)))
  other.close()
})

test('a rule may tear a frame, hold its connection for ever, send it behind the next one, or later again', async () => {
  const [one, two, three] = [1, 2, 3].map((attempt) => callFrame(attempt)) as [Buffer, Buffer, Buffer]
  const toServer = (trouble: (index: number) => Trouble): void => {
    link.rule = ({ isToServer, index }) => (isToServer ? trouble(index) : 'delivered')
  }
  toServer((index) => (index === 0 ? { isBehind: true } : index === 1 ? { lateMs: 1 } : {}))
  const socket = await join()
  const received = receive(socket, 4 * one.length)
  socket.write(Buffer.concat([preface, one, two, three]))
  const [first, ...later] = inPieces(await received, one.length)
  expect(first).toEqual(two)
  expect(later.toSorted(Buffer.compare)).toEqual([one, two, three].toSorted(Buffer.compare))

  toServer((index) => (index === 1 ? { ending: 'cut', place: 0.5 } : {}))
  const torn = await join()
  const closed = new Promise((resolve) => torn.on('close', resolve))
  const whole = receive(torn, one.length)
  torn.write(Buffer.concat([preface, one]))
  expect(await whole).toEqual(one)
  torn.write(two)
  await closed

  toServer((index) => (index === 1 ? { ending: 'half-open', place: 0.5 } : {}))
  const stuck = await join()
  const before = receive(stuck, one.length)
  stuck.write(Buffer.concat([preface, one]))
  expect(await before).toEqual(one)
  stuck.write(Buffer.concat([two, three]))
  const servers = await connectionsOf(echo)
  stuck.destroy()
  await new Promise((resolve) => stuck.on('close', resolve))
  // The server is not told.
  expect(await connectionsOf(echo)).toBe(servers)
})

test('a partition holds what is sent and who comes, and loses nothing', async () => {
  const socket = await join()
  link.part()
  socket.write(Buffer.concat([preface, callFrame(1)]))
  const late = await join()
  late.write(Buffer.concat([preface, callFrame(2)]))
  const got: Buffer[] = []
  for (const one of [socket, late]) one.on('data', (chunk) => got.push(chunk))
  // Another link to the same server answers meanwhile: time enough, without a clock.
  const other = new FaultyLink()
  other.pointAt(urlOf(echo))
  const { port } = new URL(await other.listen())
  const free = connect(Number(port), '127.0.0.1')
  free.write(Buffer.concat([preface, callFrame(3)]))
  expect(await receive(free, callFrame(3).length)).toEqual(callFrame(3))
  expect(got).toEqual([])
  link.heal()
  while (got.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(got.toSorted(Buffer.compare)).toEqual([callFrame(1), callFrame(2)])
  other.close()
})

const none: Chances = {
  ...{ drop: 0, duplicate: 0, reorder: 0, late: 0, corrupt: 0, cut: 0, halfOpen: 0, refuse: 0 },
  ...{ seed: 7, delayMs: [0, 0], lateMs: [1, 2], direction: 'both' },
}
const unitOf = (connection: number, index: number, isFrame = true): Unit => ({
  ...{ connection, index, isFrame, isToServer: true, bytes: Buffer.from('abc') },
  seen: isFrame ? { kind: 'call', attempt: 1 } : undefined,
})

test('what befalls a frame depends on seed, connection and place alone, and each fault on its own rate', () => {
  const chances = { ...none, drop: 0.2, duplicate: 0.2, late: 0.2, cut: 0.05, delayMs: [0, 9] as const }
  const of = (some: Chances, order: readonly number[]): unknown[] => {
    const dice = new Dice(some, () => {})
    const met = order.map((n) => [n, dice.rule(unitOf(1 + (n % 3), n), () => {})] as const)
    return met.toSorted(([a], [b]) => a - b).map(([, trouble]) => trouble)
  }
  const order = Array.from({ length: 300 }, (_, i) => i)
  const told = of(chances, order)
  expect(of(chances, order.toReversed())).toEqual(told)
  expect(of({ ...chances, seed: 8 }, order)).not.toEqual(told)
  const cuts = (met: unknown[]): number[] =>
    met.flatMap((trouble, i) => ((trouble as Trouble).ending === 'cut' ? [i] : []))
  expect(cuts(told).length).toBeGreaterThan(3)
  expect(cuts(of({ ...chances, drop: 0.9, duplicate: 0 }, order))).toEqual(cuts(told))
})

test('bytes that are no frames are not lost, repeated or overtaken, whatever the rates', () => {
  const dice = new Dice({ ...none, drop: 1, duplicate: 1, reorder: 1, late: 1 }, () => {})
  const trouble = dice.rule(unitOf(1, 0, false), () => {})
  expect(trouble).toEqual({ isCorrupted: false, place: expect.any(Number), delayMs: 0 })
  expect(Object.values(dice.counts).every((n) => n === 0)).toBe(true)
})

test('what a connection speaks is found from its first bytes, as docs/wire.md says', () => {
  const speech = (...first: number[]): unknown => speechOf(Buffer.from(first))
  expect(speech(0xd7)).toBeUndefined()
  expect(speech(0xd7, 0x4f, 0x57)).toBe('session')
  expect(speech(0xd7, 0x4f, 0x58)).toBe('bytes')
  expect(speech(0x50, 0x4f)).toBe('bytes') // POST
  expect(speech(0, 0, 0, 40, 0x80)).toBeUndefined()
  expect(speech(0, 0, 0, 40, 0x80, 1)).toBe('framed')
  expect(speech(0, 0, 0, 40, 0x82, 0x21)).toBe('framed')
  expect(speech(0, 0, 0, 40, 0x0f, 0xff)).toBe('framed')
  expect(speech(0, 0, 0, 40, 0, 3)).toBe('bytes') // PostgreSQL
  expect(speech(0x16, 3, 1)).toBe('bytes') // TLS
})
