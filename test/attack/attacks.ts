/**
 * What no honest peer sends: one attack a name, each a number of inputs against a server that others use meanwhile.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deflateSync } from 'node:zlib'
import { ByteWriter } from '../../src/std/bytes.ts'
import { codecOf } from '../../src/wire/envelope.ts'
import { encodeWith } from '../../src/wire/struct.ts'
import { message, type Speech, speeches } from '../support/speech.ts'

export interface Attack {
  readonly name: string
  /** Answers how many inputs it tried. */
  act(target: Target): Promise<number>
}

export interface Target {
  readonly port: number
  readonly random: () => number
  /** 1: everything; less: so much of it. */
  readonly share: number
}

const shape = { name: '', fields: {} }
/** `echo("hello")` in the codec of a speech. */
const hello = ({ dialect }: Speech): Uint8Array =>
  encodeWith(codecOf(dialect), (w) => {
    const outer = w.begin(shape)
    w.string(1, 'hello')
    w.end(outer)
  })
const call = (speech: Speech, payload: Uint8Array = hello(speech)): Uint8Array =>
  message(speech, { name: 'Echo:echo', payload })
const http = (body: string | Uint8Array, head = ''): Uint8Array =>
  Buffer.concat([
    Buffer.from(`POST /Echo/sum HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${head}\r\n`),
    Buffer.from(body),
  ])
/** Our own preface, and a HELLO and a CALL that are cut and changed. */
const session = Buffer.concat([
  Buffer.from('d74f5701', 'hex'),
  Buffer.from('0000001e01010001000000000001000000000000000100000000000000000000', 'hex'),
  Buffer.from('0000002c03', 'hex'),
  Buffer.alloc(43, 1),
])

/** Everything that an honest peer may say, to be cut and changed. */
const honest: readonly Uint8Array[] = [
  ...speeches.map((speech) => call(speech)),
  http('{"numbers":[1,2,3],"names":{"a":["b"]}}'),
  session,
]

/** Sends, and waits for a little while for whatever comes. */
async function say(port: number, bytes: Uint8Array, { ms = 15, end = true } = {}): Promise<void> {
  const socket = await open(port)
  if (end) socket.end(bytes)
  else socket.write(bytes)
  await Promise.race([once(socket, 'close').catch(() => {}), new Promise((resolve) => setTimeout(resolve, ms))])
  socket.destroy()
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await Promise.race([once(socket, 'connect').catch(() => {}), new Promise((resolve) => setTimeout(resolve, 5_000))])
  return socket
}

async function each<T>(
  inputs: readonly T[],
  { share, random }: Target,
  act: (input: T) => Promise<void>,
): Promise<number> {
  const chosen = inputs.filter(() => share >= 1 || random() < share)
  const left = [...chosen]
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await act(next)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return chosen.length
}

function binaryStruct(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(1024)
  write(out)
  return out.slice()
}

const speechOf = (name: string): Speech => speeches.find((speech) => speech.name === name) as Speech
const binary = speechOf('binary, framed')
const compact = speechOf('compact, framed')
const json = speechOf('json, framed')

const sizes = [-1, -0x8000_0000, 0x7fff_ffff, 0x7fff_0000, 16_384_001, 1 << 24]
/** Claims of sizes, in each codec, of each container. */
const sizeClaims: readonly Uint8Array[] = sizes.flatMap((size) => [
  call(
    binary,
    binaryStruct((out) => (out.u8(11), out.u16(1), out.u32(size >>> 0))),
  ),
  call(
    binary,
    binaryStruct((out) => (out.u8(15), out.u16(9), out.u8(12), out.u32(size >>> 0))),
  ),
  call(
    binary,
    binaryStruct((out) => (out.u8(14), out.u16(9), out.u8(2), out.u32(size >>> 0))),
  ),
  call(
    binary,
    binaryStruct((out) => (out.u8(13), out.u16(9), out.u8(11), out.u8(12), out.u32(size >>> 0))),
  ),
  call(
    compact,
    binaryStruct((out) => (out.u8(0x18), out.varint(size >>> 0))),
  ),
  call(
    compact,
    binaryStruct((out) => (out.u8(0x99), out.u8(0xfc), out.varint(size >>> 0))),
  ),
  call(
    compact,
    binaryStruct((out) => (out.u8(0x99), out.u8(0xf1), out.varint(size >>> 0))),
  ),
  call(
    compact,
    binaryStruct((out) => (out.u8(0x9b), out.varint(size >>> 0), out.u8(0x8c))),
  ),
  call(json, Buffer.from(`{"1":{"str":"x"},"9":{"lst":["rec",${size}]}}`)),
  call(json, Buffer.from(`{"9":{"map":["str","rec",${size},{}]}}`)),
  Buffer.from(new Uint32Array([size]).buffer),
])

/** Elements that take no bytes: a count alone is the bomb. */
const emptyElements: readonly Uint8Array[] = [1 << 16, 1 << 20, 1 << 22].flatMap((count) => [
  call(
    compact,
    binaryStruct((out) => (out.u8(0x99), out.u8(0xfc), out.varint(count), out.raw(new Uint8Array(count)))),
  ),
  call(
    binary,
    binaryStruct((out) => (out.u8(15), out.u16(9), out.u8(12), out.u32(count), out.raw(new Uint8Array(count)))),
  ),
  call(json, Buffer.from(`{"9":{"lst":["rec",${count >> 2}${',{}'.repeat(count >> 2)}]}}`)),
])

const deep = 100_000
const nested: readonly Uint8Array[] = [
  call(
    binary,
    binaryStruct((out) => {
      for (let i = 0; i < deep; i++) out.raw(Uint8Array.of(12, 0, 9))
    }),
  ),
  call(
    binary,
    binaryStruct((out) => {
      out.raw(Uint8Array.of(15, 0, 9))
      for (let i = 0; i < deep; i++) out.raw(Uint8Array.of(15, 0, 0, 0, 1))
    }),
  ),
  call(
    compact,
    binaryStruct((out) => {
      for (let i = 0; i < deep; i++) out.u8(0x9c)
    }),
  ),
  call(
    compact,
    binaryStruct((out) => {
      out.u8(0x99)
      for (let i = 0; i < deep; i++) out.u8(0x19)
    }),
  ),
  call(json, Buffer.from('{"9":{"rec":'.repeat(deep))),
  call(json, Buffer.from(`{"9":{"lst":${'["lst",1,'.repeat(deep)}`)),
  http(`{"numbers":${'['.repeat(deep)}`),
  http(`{"unknown":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`),
  http(`{"names":${'{"a":'.repeat(deep)}`),
].flatMap((bytes) => [bytes, bytes])

/** A frame that inflates to far more than it is. */
function zlibBomb(megabytes: number): Uint8Array {
  const payload = deflateSync(new Uint8Array(megabytes << 20))
  const out = new ByteWriter(payload.length + 64)
  out.u32(0)
  out.u16(0x0fff)
  out.u16(0)
  out.u32(1)
  out.u16(1)
  out.raw(Uint8Array.of(0, 1, 1, 0))
  out.raw(payload)
  out.view.setUint32(0, out.position - 4)
  return out.slice()
}

/** Made before anybody waits for an answer. */
const bombs: readonly Uint8Array[] = [1, 8, 64].map(zlibBomb).flatMap((bomb) => Array.from({ length: 8 }, () => bomb))

const json9 = '9'.repeat(1_000_000)
const oddHttp: readonly Uint8Array[] = [
  http(`{"numbers":[${json9}],"names":{}}`),
  http(`{"numbers":[1e${json9}],"names":{}}`),
  http(`{"numbers":[${json9}.5],"names":{}}`),
  http('{"__proto__":{"x":1},"constructor":1,"numbers":[],"names":{"__proto__":["toString"]}}'),
  http(`{${'"a":1,'.repeat(200_000)}"numbers":[],"names":{}}`),
  http('{}', 'Transfer-Encoding: chunked\r\n'),
  http('{}', 'Content-Length: 1\r\n'),
  http('{}', 'Content-Encoding: gzip\r\n'),
  http('{}', `X: ${'y'.repeat(1 << 20)}\r\n`),
  http('{}', 'x: y\r\n'.repeat(50_000)),
  Buffer.from('POST /Echo/sum HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}'),
  Buffer.from('POST /Echo/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n{}'),
  Buffer.from('POST /Echo/sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffff\r\n'),
  Buffer.from(
    'POST /Echo/sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /Echo/sum HTTP/1.1\r\n',
  ),
  Buffer.from(`POST /${'%'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
  Buffer.from(`GET ${'/a'.repeat(100_000)} HTTP/1.1\r\n\r\n`),
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
]

export const attacks: readonly Attack[] = [
  {
    name: 'cut at every byte',
    act: (target) =>
      each(
        honest.flatMap((bytes) => Array.from(bytes, (_, length) => bytes.subarray(0, length))),
        target,
        (bytes) => say(target.port, bytes),
      ),
  },
  {
    name: 'every byte changed',
    act: (target) =>
      each(
        honest.flatMap((bytes) =>
          Array.from(bytes, (byte, at) =>
            [0x00, 0xff, byte ^ 0x80, byte ^ 0x01].map((to) => Buffer.from(bytes).fill(to, at, at + 1)),
          ).flat(),
        ),
        target,
        (bytes) => say(target.port, bytes),
      ),
  },
  {
    name: 'garbage',
    act: (target) =>
      each(
        Array.from({ length: 2_000 }, () =>
          Uint8Array.from({ length: 1 + Math.floor(target.random() * 400) }, () => Math.floor(target.random() * 256)),
        ),
        target,
        (bytes) => say(target.port, bytes),
      ),
  },
  {
    name: 'sizes that are not there',
    act: (target) => each(sizeClaims, { ...target, share: 1 }, (bytes) => say(target.port, bytes, { ms: 50 })),
  },
  {
    name: 'elements of no bytes',
    act: (target) => each(emptyElements, { ...target, share: 1 }, (bytes) => say(target.port, bytes, { ms: 200 })),
  },
  {
    name: `nested ${deep} deep`,
    act: (target) => each(nested, { ...target, share: 1 }, (bytes) => say(target.port, bytes, { ms: 200 })),
  },
  {
    name: 'zlib bombs',
    act: (target) => each(bombs, { ...target, share: 1 }, (bytes) => say(target.port, bytes, { ms: 300 })),
  },
  {
    name: 'HTTP of no browser',
    act: (target) =>
      each([...oddHttp, ...oddHttp, ...oddHttp], { ...target, share: 1 }, (bytes) =>
        say(target.port, bytes, { ms: 300 }),
      ),
  },
  {
    name: 'slow: half a message, and then a byte at a time',
    async act({ port, share }) {
      const sockets = await Promise.all(Array.from({ length: Math.ceil(400 * share) }, () => open(port)))
      for (const [i, socket] of sockets.entries()) {
        const bytes = honest[i % honest.length] as Uint8Array
        socket.write(bytes.subarray(0, bytes.length >> 1))
      }
      for (let second = 0; second < 3; second++) {
        for (const socket of sockets) if (!socket.destroyed) socket.write('\0')
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
      for (const socket of sockets) socket.destroy()
      return sockets.length
    },
  },
  {
    name: 'large messages begun and not ended',
    async act({ port, share }) {
      const sockets = await Promise.all(Array.from({ length: Math.ceil(100 * share) }, () => open(port)))
      const begun = Buffer.concat([
        Buffer.from('00f00000', 'hex'),
        Buffer.from('80010001', 'hex'),
        Buffer.alloc(4 << 20),
      ])
      for (const socket of sockets) socket.write(begun)
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      for (const socket of sockets) socket.destroy()
      return sockets.length
    },
  },
  {
    name: 'replies that nobody reads',
    async act({ port, share }) {
      const large = encodeWith('binary', (w) => {
        const outer = w.begin(shape)
        w.i32(1, 1 << 20)
        w.end(outer)
      })
      const calls = Buffer.concat(
        Array.from({ length: 200 }, () => message(binary, { name: 'Echo:large', payload: large })),
      )
      const sockets = await Promise.all(Array.from({ length: Math.ceil(40 * share) }, () => open(port)))
      for (const socket of sockets) {
        socket.pause()
        socket.write(calls)
      }
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      for (const socket of sockets) socket.destroy()
      return sockets.length * 200
    },
  },
  {
    name: 'calls without end on one connection',
    async act({ port, share }) {
      const one = Buffer.concat(Array.from({ length: 1_000 }, () => call(binary)))
      const socket = await open(port)
      const count = Math.ceil(100 * share)
      for (let n = 0; n < count && !socket.destroyed; n++) {
        if (!socket.write(one))
          await Promise.race([once(socket, 'drain').catch(() => {}), once(socket, 'close').catch(() => {})])
      }
      socket.destroy()
      return count * 1_000
    },
  },
  {
    name: 'connections that say nothing',
    async act({ port, share }) {
      const count = Math.ceil(10_000 * share)
      const sockets: Socket[] = []
      while (sockets.length < count) {
        sockets.push(
          ...(await Promise.all(Array.from({ length: Math.min(250, count - sockets.length) }, () => open(port)))),
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 500))
      for (const socket of sockets) socket.destroy()
      return count
    },
  },
]
