/**
 * Sends bodies to one HTTP address and hands back what is answered, over connections that are kept.
 *
 * Invariant: a body is sent once: no redirect is followed and nothing is repeated; what is held of an answer is bounded.
 */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { OncewireError } from '../errors/oncewire-error.ts'
import { unavailable } from './tcp-connection.ts'

export interface HttpAnswer {
  readonly status: number
  /** The words behind the status. */
  readonly reason: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

/** What becomes of one request. After `answered` or `failed` nothing more is told. */
export interface HttpOwner {
  /** There is a connection, and it has been given the request. */
  handedOver(): void
  answered(answer: HttpAnswer): void
  failed(error: OncewireError): void
}

/** Connections to one server; more requests than that wait for one. */
const socketsMax = 64
/** Servers end connections on which nothing happens, many after 5 s; who sends in that moment learns nothing of what became of it. */
const idleMs = 4_000

export class HttpClient {
  /** For people: no password in it. */
  readonly address: string
  private readonly url: URL
  private readonly isSecure: boolean
  private readonly agent: HttpAgent
  private readonly bytesMax: number

  constructor(url: URL, bytesMax: number) {
    this.url = url
    this.address = url.origin + url.pathname
    this.isSecure = url.protocol === 'https:'
    this.bytesMax = bytesMax
    const options = { keepAlive: true, maxSockets: socketsMax, timeout: idleMs }
    this.agent = this.isSecure ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** Whether somebody listens there. @throws {OncewireError} unavailable */
  reach(connectMs: number): Promise<void> {
    const { hostname, port } = this.url
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    return new Promise((resolve, reject) => {
      const socket = this.isSecure
        ? connectTls({ host, port: Number(port || 443), ...(/[a-z]/i.test(host) ? { servername: host } : {}) })
        : connectSocket({ host, port: Number(port || 80) })
      const failed = (error: Error): void => {
        socket.destroy()
        reject(unavailable(this.url.host, 'never', error))
      }
      socket.setTimeout(connectMs, () => failed(new Error(`no answer within ${connectMs} ms`)))
      socket.once('error', failed)
      socket.once(this.isSecure ? 'secureConnect' : 'connect', () => {
        resolve()
        socket.destroy()
      })
    })
  }

  /**
   * Answers how to give the request up, without a word to its owner.
   *
   * @throws {TypeError} for a header that HTTP cannot carry
   */
  post(body: Uint8Array, headers: Readonly<Record<string, string>>, owner: HttpOwner): () => void {
    let isOver = false
    const failed = (error: Error): void => {
      if (isOver) return
      isOver = true
      request.destroy()
      owner.failed(error instanceof OncewireError ? error : unavailable(this.address, 'unknown', error))
    }
    const request = (this.isSecure ? httpsRequest : httpRequest)(this.url, {
      method: 'POST',
      agent: this.agent,
      headers: { ...headers, 'content-length': body.length },
    })
    request.once('socket', (socket: Socket) => {
      if (socket.connecting)
        socket.once(this.isSecure ? 'secureConnect' : 'connect', () => isOver || owner.handedOver())
      else owner.handedOver()
    })
    request.on('error', failed)
    request.once('response', (response) => {
      this.bodyOf(response).then((answered) => {
        if (isOver) return
        isOver = true
        owner.answered(answered)
      }, failed)
    })
    request.end(body)
    return () => {
      if (isOver) return
      isOver = true
      request.destroy()
    }
  }

  close(): void {
    this.agent.destroy()
  }

  private async bodyOf(response: IncomingMessage): Promise<HttpAnswer> {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > this.bytesMax) {
        const message = `${this.address} answered with more than limits.frameBytesMax, ${this.bytesMax} bytes`
        throw new OncewireError('frame-too-large', 'unknown', message)
      }
      chunks.push(chunk)
    }
    const { statusCode = 0, statusMessage = '', headers } = response
    return { status: statusCode, reason: statusMessage, headers, body: new Uint8Array(Buffer.concat(chunks)) }
  }
}
