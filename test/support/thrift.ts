/**
 * A stock Thrift client, byte by byte: it sends what the test says, in any dialect and framing, and reads replies one by one.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { ApplicationException, codecOf, readMessage } from '../../src/wire/envelope.ts'
import type { Envelope } from '../../src/wire/envelope.ts'
import { FrameSplitter } from '../../src/wire/framing.ts'
import type { Splitter } from '../../src/wire/splitter.ts'
import { MessageSplitter } from '../../src/wire/message-splitter.ts'
import { readTHeader, type THeader } from '../../src/wire/theader.ts'
import { message, type Message, type Speech } from './speech.ts'

export { message, type Message, type Speech, speeches } from './speech.ts'

export interface Reply {
  readonly envelope: Envelope
  readonly payload: Uint8Array
  readonly header: THeader | undefined
  /** Of an envelope of kind `exception`. */
  readonly exception: ApplicationException | undefined
}

/** What one whole message says. */
export function replyOf(bytes: Uint8Array, header?: THeader): Reply {
  const { envelope, payload } = readMessage(bytes)
  const codec = codecOf(envelope.dialect)
  const exception = envelope.kind === 'exception' ? ApplicationException.decode(payload, codec) : undefined
  return { envelope, payload: payload.slice(), header, exception }
}

/** One connection, ended with the test. */
export class RawThrift {
  readonly socket: Socket
  readonly speech: Speech
  private readonly replies: Reply[] = []
  private readonly splitter: Splitter
  private isOver = false
  private wake: () => void = () => {}

  private constructor(socket: Socket, speech: Speech) {
    this.socket = socket
    this.speech = speech
    const bytesMax = 1 << 26
    this.splitter =
      speech.framing === 'unframed'
        ? new MessageSplitter(bytesMax, (bytes) => this.replies.push(replyOf(bytes)))
        : new FrameSplitter(bytesMax, (frame) => this.replies.push(this.framed(frame)))
    socket.on('data', (chunk) => {
      this.splitter.push(new Uint8Array(chunk))
      this.wake()
    })
    socket.on('close', () => {
      this.isOver = true
      this.wake()
    })
  }

  static async open(url: string, speech: Speech): Promise<RawThrift> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.setNoDelay()
    return new RawThrift(socket, speech)
  }

  send(...messages: readonly Message[]): this {
    return this.sendBytes(Buffer.concat(messages.map((one) => message(this.speech, one))))
  }

  sendBytes(bytes: Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** The next reply; undefined: the connection ended before it. */
  async reply(): Promise<Reply | undefined> {
    while (this.replies.length === 0 && !this.isOver) await new Promise<void>((resolve) => (this.wake = resolve))
    return this.replies.shift()
  }

  /** The exception that answers the next call. */
  async exception(): Promise<ApplicationException & Pick<Envelope, 'name' | 'seqid'>> {
    const reply = await this.reply()
    if (reply?.exception === undefined)
      throw new Error(`a ${reply?.envelope.kind ?? 'closed connection'}, no exception`)
    return { ...reply.exception, name: reply.envelope.name, seqid: reply.envelope.seqid }
  }

  private framed(frame: Uint8Array): Reply {
    if (frame[0] !== 0x0f || frame[1] !== 0xff) return replyOf(frame)
    const { header, payload } = readTHeader(frame, 1 << 26)
    return replyOf(payload, header)
  }
}
