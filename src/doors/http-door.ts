/**
 * HTTP on the same port: `POST /Service/method` with a JSON object of arguments, and Thrift over HTTP.
 *
 * Invariant: every request is answered, with the status of its outcome (http-answer.ts) and `Oncewire-Executed` where it
 * failed; a page of another origin cannot call.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { keyInArguments } from '../rpc/call-info.ts'
import { servedAs } from '../rpc/dispatcher.ts'
import { ByteWriter } from '../std/bytes.ts'
import { codecOf, readMessage } from '../wire/envelope.ts'
import type { Watched } from '../transport/frame-watch.ts'
import { answerJson, failed, type HttpAnswer, problem } from './http-answer.ts'
import type { SessionlessCalls } from './sessionless.ts'
import { payloadOf, writeReply } from './thrift-reply.ts'

export class HttpDoor {
  private readonly calls: SessionlessCalls
  private readonly server: Server
  private readonly connections = new WeakMap<Socket, HttpConnection>()

  constructor(calls: SessionlessCalls) {
    this.calls = calls
    this.server = createServer((request, response) => {
      this.connections.get(request.socket)?.begun(request, response)
      void this.request(request, response).catch((error: unknown) => {
        if (!response.headersSent && !response.destroyed) this.fail(response, error)
      })
    })
    this.server.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
  }

  /** Takes over a connection that began with `first`. */
  take(socket: Socket, first: Uint8Array): Watched {
    const connection = new HttpConnection(socket)
    this.connections.set(socket, connection)
    socket.pause()
    this.server.emit('connection', socket)
    socket.unshift(first)
    socket.resume()
    return connection
  }

  private async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = this.refusal(request)
    if (refused !== undefined) return send(response, refused)
    const body = await this.body(request)
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (isThrift(request, body)) return await this.thrift(request, response, body)
    const [service = '', method = '', ...more] = path.slice(1).split('/').map(decodeURIComponent)
    if (service === '' || method === '' || more.length > 0) {
      return send(
        response,
        problem(404, 'unknown-method', 'never', 'write POST /Service/method, with a JSON object of arguments'),
      )
    }
    await this.json(request, response, { name: `${service}:${method}`, body })
  }

  /** What is wrong with a request before its body is read. */
  private refusal({ method, headers }: IncomingMessage): HttpAnswer | undefined {
    if (method !== 'POST') {
      const message = `this port takes calls: POST /Service/method, with a JSON object of arguments; not ${method}`
      return { ...problem(405, 'unsupported', 'never', message), headers: { allow: 'POST' } }
    }
    const { origin, host } = headers
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      return problem(403, 'denied', 'never', `a page of ${origin} may not call this server`)
    }
    return undefined
  }

  private async body(request: IncomingMessage): Promise<Uint8Array> {
    const { frameBytesMax } = this.calls.options.limits
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > frameBytesMax) {
        throw new OncewireError(
          'frame-too-large',
          'never',
          `a body of more than limits.frameBytesMax, ${frameBytesMax} bytes`,
        )
      }
      chunks.push(chunk)
    }
    return new Uint8Array(Buffer.concat(chunks))
  }

  private async json(
    request: IncomingMessage,
    response: ServerResponse,
    { name, body }: { readonly name: string; readonly body: Uint8Array },
  ): Promise<void> {
    const found = servedAs(this.calls.options.dispatcher, name)
    if (!('method' in found)) return send(response, problem(404, found.code, 'never', found.message))
    const idempotencyKey = keyOf(request)
    if (idempotencyKey === '') {
      return send(response, problem(400, 'idempotency-key-too-long', 'never', 'the Idempotency-Key is empty'))
    }
    const { method } = found
    this.calls.call(
      {
        ...(await this.caller(request)),
        served: found,
        payload: body.length === 0 ? new Uint8Array(Buffer.from('{}')) : body,
        codec: 'plain-json',
        idempotencyKey,
      },
      (answer, isReplay) => {
        if (!method.isOneway) send(response, answerJson(method, answer, isReplay))
      },
    )
    if (method.isOneway) send(response, { status: 202, body: undefined })
  }

  private async thrift(request: IncomingMessage, response: ServerResponse, body: Uint8Array): Promise<void> {
    const { envelope, payload } = readMessage(body)
    const found = servedAs(this.calls.options.dispatcher, envelope.name)
    const type = request.headers['content-type'] ?? 'application/x-thrift'
    const reply = (answer: Parameters<typeof payloadOf>[1], isReplay = false): void => {
      const out = new ByteWriter(256)
      const method = 'method' in found ? found.method : undefined
      const codec = codecOf(envelope.dialect)
      const way = { envelope, header: undefined, isUnframed: true }
      writeReply(out, way, { ...answer, isReplay }, payloadOf(method, answer, codec))
      response.writeHead(200, { 'content-type': type, 'content-length': out.position })
      response.end(out.slice())
    }
    if (!('method' in found)) return reply({ kind: 'failure', executed: 'never', ...found })
    const isSilent = found.method.isOneway || envelope.kind === 'oneway'
    const codec = codecOf(envelope.dialect)
    this.calls.call(
      {
        ...(await this.caller(request)),
        served: found,
        payload,
        codec,
        idempotencyKey:
          keyOf(request) ?? (found.method.delivery === 'exactly-once' ? keyInArguments(payload, codec) : undefined),
      },
      (answer, isReplay) => {
        if (!isSilent) reply(answer, isReplay)
      },
    )
    // Clients read an answer to every POST.
    if (isSilent) response.writeHead(200, { 'content-type': type, 'content-length': 0 }).end()
  }

  private async caller(request: IncomingMessage): Promise<{
    readonly peer: string
    readonly principal: string | undefined
    readonly headers: Readonly<Record<string, string>>
    readonly leftMs: number
  }> {
    const { socket } = request
    const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`
    const { authorization = '', ...others } = request.headers
    const token = /^Bearer (.*)$/i.exec(authorization)?.[1] ?? ''
    const headers = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]))
    const deadline = headers['oncewire-deadline-ms'] ?? ''
    const leftMs = /^\d{1,9}$/.test(deadline) && Number(deadline) > 0 ? Number(deadline) : Infinity
    return { peer, headers, leftMs, principal: await this.calls.principalOf(token, peer) }
  }

  private fail(response: ServerResponse, error: unknown): void {
    if (error instanceof OncewireError) return send(response, failed(error))
    this.calls.options.log('an HTTP request failed', error)
    send(response, problem(500, 'internal-error', 'unknown', 'the server failed; its log says why'))
  }
}

/** Whether the peer of a connection owes the rest of a request. */
class HttpConnection implements Watched {
  frameCount = 0
  private readonly socket: Socket
  private open: IncomingMessage | undefined
  /** Of the connection, when the last request was whole. */
  private bytesSeen = 0

  constructor(socket: Socket) {
    this.socket = socket
  }

  get owesFrame(): boolean {
    if (this.open !== undefined) return !this.open.complete
    return this.socket.bytesRead > this.bytesSeen
  }

  begun(request: IncomingMessage, response: ServerResponse): void {
    this.open = request
    request.once('end', () => {
      this.frameCount++
      this.bytesSeen = this.socket.bytesRead
    })
    response.once('close', () => (this.open = undefined))
  }

  fail(): void {
    this.socket.destroy()
  }
}

function isThrift({ headers }: IncomingMessage, body: Uint8Array): boolean {
  const type = headers['content-type'] ?? ''
  return /thrift/i.test(type) || (body[0] === 0x80 && body[1] === 0x01) || body[0] === 0x82
}

/** A structured header's string (RFC 8941 section 3.3.3), as the draft wants it, or the plain text that most send. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  const given = headers['idempotency-key']
  if (typeof given !== 'string') return undefined
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(given.trim())?.[1]
  return quoted?.replace(/\\(.)/g, '$1') ?? given.trim()
}

function send(response: ServerResponse, { status, body, headers = {} }: HttpAnswer): void {
  const bytes = Buffer.from(body ?? '')
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': type, 'content-length': bytes.length }),
    ...headers,
  })
  response.end(bytes)
}
