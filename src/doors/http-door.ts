/**
 * HTTP on the same port: `POST /Service/method` with a JSON object of arguments, and Thrift over HTTP.
 *
 * Invariant: whoever may not call is answered before a byte of the body is kept; once a call may have begun, no answer
 * says that it has not.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { type NotServed, type Served, servedAs } from '../rpc/dispatcher.ts'
import { assert } from '../std/assert.ts'
import { readMessage } from '../wire/envelope.ts'
import { answerJson, failed, type HttpAnswer, HttpRefused, problem, refused } from './http-answer.ts'
import { Exchange, HttpConnection } from './http-connection.ts'
import {
  bodyOf,
  checkHead,
  checkOrigin,
  headersIn,
  keyIn,
  kindOf,
  leftMsIn,
  notPost,
  optionsHeaders,
  pathOf,
  tokenIn,
} from './http-request.ts'
import type { DoorAnswer, SessionlessCall, SessionlessCalls } from './sessionless.ts'
import { isSilent, retention, runThrift } from './thrift-call.ts'

/** What a call says of itself outside of its body. */
type Said = Omit<SessionlessCall, 'served' | 'payload' | 'codec'>

export class HttpDoor {
  private readonly calls: SessionlessCalls
  private readonly server: Server
  private readonly connections = new WeakMap<Socket, HttpConnection>()

  constructor(calls: SessionlessCalls) {
    this.calls = calls
    // A connection without a call may wait for the next as long as it likes, like every other on the port.
    this.server = createServer({ keepAliveTimeout: 0 })
    this.server.on('request', (request, response) => this.serve(request, response, false))
    this.server.on('checkContinue', (request, response) => this.serve(request, response, true))
    this.server.on('clientError', (error, socket) => this.connections.get(socket as Socket)?.broken(error))
    this.server.on('connect', (_, socket) => this.connections.get(socket as Socket)?.refuse(notPost('CONNECT')))
    // Who has said all that it will say is still owed its answer. Node's own switch, without a type.
    Object.assign(this.server, { httpAllowHalfOpen: true })
  }

  /** Takes over a connection that began with `first`. */
  take(socket: Socket, first: Uint8Array): HttpConnection {
    const connection = new HttpConnection(socket, this.calls.options)
    this.connections.set(socket, connection)
    socket.pause()
    this.server.emit('connection', socket)
    socket.unshift(first)
    socket.resume()
    return connection
  }

  private serve(request: IncomingMessage, response: ServerResponse, isHeldBack: boolean): void {
    const connection = this.connections.get(request.socket)
    assert(connection !== undefined, 'an HTTP request of no connection')
    const exchange = new Exchange(request, response, isHeldBack)
    connection.begun(exchange)
    void this.answerTo(exchange, connection)
      .catch((error: unknown) => this.answerWhere(error, exchange))
      .then((answer) => {
        exchange.answer(answer)
        connection.holds(exchange, Buffer.byteLength(answer.body ?? ''))
      })
  }

  private async answerTo(exchange: Exchange, connection: HttpConnection): Promise<HttpAnswer> {
    const { peer, openCount } = connection
    const { request } = exchange
    const { headers, method, url = '/' } = request
    const { limits, origins } = this.calls.options
    exchange.headers = checkOrigin(request, origins)
    if (method === 'OPTIONS') return { status: 204, headers: optionsHeaders(exchange.headers) }
    checkHead(request, limits.frameBytesMax)
    if (openCount > limits.window) {
      throw refused('overloaded', `${limits.window} calls of this connection are not answered yet (limits.window)`)
    }
    const said = {
      idempotencyKey: keyIn(headers),
      leftMs: leftMsIn(headers),
      headers: headersIn(headers),
      duplicate: 'still-running',
      peer,
    } as const
    const path = pathOf(url)
    const principal = await this.calls.principalOf(tokenIn(headers), peer)
    if (principal === undefined) throw refused('denied', 'the server does not know this caller')
    if (exchange.isHeldBack) {
      exchange.isHeldBack = false
      exchange.response.writeContinue()
    }
    const body = await bodyOf(request, limits.frameBytesMax, (bytes) => connection.holds(exchange, bytes))
    const call = { ...said, principal, payload: body }
    return kindOf(headers, body) === 'thrift' ? this.thrift(exchange, call, path) : this.json(exchange, call, path)
  }

  private async json(
    exchange: Exchange,
    { payload, ...said }: Said & { readonly payload: Uint8Array },
    path: readonly string[],
  ): Promise<HttpAnswer> {
    const [service = '', name = '', ...more] = path
    if (service === '' || more.length > 0) {
      throw refused('unknown-method', 'write POST /Service/method, with a JSON object of arguments')
    }
    const served = this.calls.options.dispatcher.find(`${service}.${name}`)
    if (!('method' in served)) throw refused(served.code, served.message)
    const { method } = served
    exchange.executed = 'unknown'
    const ended = new Promise<DoorAnswer>((resolve) => {
      const body = payload.length === 0 ? noArguments : payload
      this.calls.call({ ...said, served, payload: body, codec: 'plain-json' }, resolve)
    })
    if (method.isOneway) return await taken(method, ended)
    const answer = await ended
    const told = answerJson(method, answer)
    if (answer.kind === 'failure' || said.idempotencyKey === undefined) return told
    const replayed: Record<string, string> = answer.isReplay ? { 'oncewire-replayed': 'true' } : {}
    return { ...told, headers: { ...retention(this.calls), ...replayed } }
  }

  private async thrift(
    exchange: Exchange,
    { payload: body, ...said }: Said & { readonly payload: Uint8Array },
    path: readonly string[],
  ): Promise<HttpAnswer> {
    const { envelope, payload } = readMessage(body)
    const found = this.meant(envelope.name, path)
    const way = { envelope, header: undefined, isUnframed: true }
    exchange.executed = 'unknown'
    const ended = new Promise<Uint8Array>((resolve) => {
      runThrift(this.calls, { ...said, way, found, payload }, resolve)
    })
    const given = exchange.request.headers['content-type'] ?? ''
    const type = /thrift/i.test(given) ? given : 'application/x-thrift'
    // Clients read an answer to every POST.
    if (isSilent(envelope, found)) return { status: 200, type }
    return { status: 200, type, body: await ended }
  }

  /** A client that does not multiplex may name its service by the path, as where each has a URL of its own. */
  private meant(name: string, [service = '']: readonly string[]): Served | NotServed {
    const { dispatcher } = this.calls.options
    if (service === '' || name.includes(':')) return servedAs(dispatcher, name)
    const found = dispatcher.find(`${service}.${name}`)
    return 'method' in found ? found : servedAs(dispatcher, name)
  }

  private answerWhere(error: unknown, { executed }: Exchange): HttpAnswer {
    if (error instanceof HttpRefused) return error.answer
    if (error instanceof OncewireError) {
      return failed(executed === 'never' ? new OncewireError(error.code, 'never', error.message) : error)
    }
    this.calls.options.log('an HTTP request failed', error)
    return problem({ code: 'internal-error', executed, detail: 'the server failed; its log says why' })
  }
}

const noArguments = new Uint8Array(Buffer.from('{}'))

/** Nobody waits for the end of a oneway call; but what never begins is told. */
async function taken(method: Served['method'], ended: Promise<DoorAnswer>): Promise<HttpAnswer> {
  const answer = await Promise.race([ended, Promise.resolve(undefined)])
  const isRefused = answer?.kind === 'failure' && answer.executed === 'never'
  return isRefused ? answerJson(method, answer) : { status: 202 }
}
