/**
 * An HTTP client that sends exactly the bytes it is told to, and reads answers one by one.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** An answer whose body is no text. */
export interface HttpBytes {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One connection, ended with the test. */
export class RawClient {
  readonly socket: Socket
  private received = Buffer.alloc(0)
  private isOver = false
  private wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
      this.wake()
    })
    socket.on('close', () => {
      this.isOver = true
      this.wake()
    })
  }

  /** To a `tcp:` URL. It does not end its side because the server ends its own. */
  static async open(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.setNoDelay()
    return new RawClient(socket)
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** The next answer, not `100 Continue`. undefined: the connection ended before it. */
  async reply(): Promise<HttpReply | undefined> {
    const reply = await this.replyBytes()
    if (reply === undefined) return undefined
    const { status, headers, bytes } = reply
    return { status, headers, body: Buffer.from(bytes).toString('utf8') }
  }

  async replyBytes(): Promise<HttpBytes | undefined> {
    const head = await this.until(() => this.received.indexOf('\r\n\r\n'))
    if (head === undefined) return undefined
    const [first = '', ...lines] = this.received.subarray(0, head).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const length = Number(headers['content-length'] ?? 0)
    const end = await this.until(() => (this.received.length >= head + 4 + length ? head + 4 + length : -1))
    if (end === undefined) return undefined
    const bytes = new Uint8Array(this.received.subarray(head + 4, end))
    this.received = this.received.subarray(end)
    return { status: Number(first.split(' ')[1]), headers, bytes }
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<Buffer> {
    await this.until(() => -1)
    return this.received
  }

  /** So many bytes, or what came before the end. */
  async bytes(count: number): Promise<Buffer> {
    await this.until(() => (this.received.length >= count ? count : -1))
    const taken = this.received.subarray(0, count)
    this.received = this.received.subarray(count)
    return taken
  }

  /** Waits for `find` to answer where; undefined: the connection has ended. */
  private async until(find: () => number): Promise<number | undefined> {
    for (;;) {
      const found = find()
      if (found >= 0) return found
      if (this.isOver) return undefined
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }
}

/** The text of a POST, as curl would write it. */
export function post(path: string, body: string | object, headers: Readonly<Record<string, string>> = {}): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const all = { host: 'localhost', 'content-length': String(Buffer.byteLength(text)), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
}

/** One call on a connection of its own. */
export async function called(
  url: string,
  path: string,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpReply> {
  const client = await RawClient.open(url)
  const reply = await client.send(post(path, body, headers)).reply()
  client.socket.destroy()
  if (reply === undefined) throw new Error(`POST ${path} was not answered`)
  return reply
}

/** What a problem says. */
export function problem(reply: { readonly body: string }): Record<string, unknown> {
  return JSON.parse(reply.body) as Record<string, unknown>
}
