/**
 * Servers made by hand that answer whatever a test wants, on a bare socket: for a client that must bear all of it.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { ByteWriter } from '../../src/std/bytes.ts'
import { type Envelope, readMessage, writeMessage } from '../../src/wire/envelope.ts'
import { FrameSplitter } from '../../src/wire/framing.ts'
import { MessageSplitter } from '../../src/wire/message-splitter.ts'
import { readTHeader, type THeader, theaderMagic, writeTHeader } from '../../src/wire/theader.ts'

export interface Peer {
  readonly url: string
  /** Every connection so far, the oldest first. */
  readonly sockets: readonly Socket[]
  /** Ends all connections and listens no more. */
  close(): void
}

/** Listens on a free port until the test is over. */
export async function runPeer(serve: (socket: Socket, nth: number) => void): Promise<Peer> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.setNoDelay(true)
    sockets.push(socket)
    serve(socket, sockets.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(close)
  return { url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, close }
}

/** A call as a peer sees it. */
export interface Seen {
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly header: THeader | undefined
}

/** Hands over the calls that arrive on a socket. */
export function eachCall(socket: Socket, isUnframed: boolean, seen: (call: Seen) => void): void {
  const message = (bytes: Uint8Array): void => {
    const isTHeader = (bytes[0] as number) * 256 + (bytes[1] as number) === theaderMagic
    const { header, payload } = isTHeader ? readTHeader(bytes, 1e9) : { header: undefined, payload: bytes }
    const read = readMessage(payload)
    seen({ header, envelope: read.envelope, payload: read.payload.slice() })
  }
  const splitter = isUnframed ? new MessageSplitter(1e9, message) : new FrameSplitter(1e9, message)
  socket.on('data', (chunk: Buffer) => splitter.push(new Uint8Array(chunk)))
}

/** The bytes of an answer, framed as its call was; `as` says what is different. */
export function answerTo(
  { envelope, header }: Seen,
  payload: Uint8Array,
  as: Partial<Envelope> & { readonly isUnframed?: boolean; readonly header?: Partial<THeader> } = {},
): Uint8Array {
  const { isUnframed = false, header: otherHeader, ...other } = as
  const message = new ByteWriter()
  writeMessage(message, { ...envelope, kind: 'reply', ...other }, payload)
  if (isUnframed) return message.slice()
  const framed = new ByteWriter()
  framed.u32(0)
  if (header === undefined) framed.raw(message.slice())
  else writeTHeader(framed, { ...header, ...otherHeader }, message.slice())
  framed.view.setUint32(0, framed.position - 4)
  return framed.slice()
}
