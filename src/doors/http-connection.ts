/**
 * One HTTP connection: which of its requests are open, and how it ends.
 *
 * Invariant: a request whose head has come is answered, and in its turn: what is wrong with a later one is not told as
 * the answer to an earlier one.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Executed } from '../errors/codes.ts'
import type { OncewireError } from '../errors/oncewire-error.ts'
import type { HeldBytes, Holder } from '../transport/held-bytes.ts'
import { peerOf } from '../transport/tcp-connection.ts'
import { type Guest, hangUp, linger } from './guest.ts'
import { type HttpAnswer, problem } from './http-answer.ts'
import type { DoorOptions } from './sessionless.ts'

/** One request and the answer to it. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What is to be told if the server closes now. */
  executed: Executed = 'never'
  /** What every answer to it says, whatever it is. */
  headers: Readonly<Record<string, string>> = {}
  /** The caller waits for `100 Continue`. */
  isHeldBack: boolean
  /** Of its body while it is asked, then of its answer. */
  heldBytes = 0

  constructor(request: IncomingMessage, response: ServerResponse, isHeldBack: boolean) {
    this.request = request
    this.response = response
    this.isHeldBack = isHeldBack
  }

  /** The first answer counts. */
  answer({ status, type, body = '', headers }: HttpAnswer): void {
    const { response } = this
    if (response.headersSent) return
    const said: Record<string, string | number> = { ...this.headers, ...headers }
    if (type !== undefined) said['content-type'] = type
    if (status !== 204) said['content-length'] = Buffer.byteLength(body)
    // Nobody can tell whether the body that was held back comes now all the same.
    if (this.isHeldBack) response.shouldKeepAlive = false
    response.writeHead(status, said).end(body)
  }

  /** The last of its connection. */
  answerLast(answer: HttpAnswer): void {
    this.response.shouldKeepAlive = false
    this.answer(answer)
  }
}

export class HttpConnection implements Guest, Holder {
  /** Requests that have come whole. */
  frameCount = 0
  readonly peer: string
  private readonly socket: Socket
  private readonly complain: DoorOptions['complain']
  private readonly held: HeldBytes
  private readonly open = new Set<Exchange>()
  private last: Exchange | undefined
  /** Of the connection, when its last request was whole. */
  private bytesSeen = 0
  private isEnding = false

  constructor(socket: Socket, { complain, held }: Pick<DoorOptions, 'complain' | 'held'>) {
    this.socket = socket
    this.complain = complain
    this.held = held
    this.peer = peerOf(socket)
    socket.once('close', () => held.set(this, 0))
  }

  /** Requests that are not answered. */
  get openCount(): number {
    return this.open.size
  }

  get owesFrame(): boolean {
    if (this.isEnding) return false
    const request = this.last?.request
    if (request !== undefined && !request.readableEnded) return !request.complete
    return this.socket.bytesRead > this.bytesSeen
  }

  begun(exchange: Exchange): void {
    const { request, response } = exchange
    this.last = exchange
    this.open.add(exchange)
    request.once('end', () => {
      this.frameCount++
      this.bytesSeen = this.socket.bytesRead
    })
    response.once('close', () => {
      this.open.delete(exchange)
      this.holds(exchange, 0)
    })
  }

  /** So many bytes are kept for this request now. */
  holds(exchange: Exchange, bytes: number): void {
    exchange.heldBytes = bytes
    if (this.socket.destroyed) return
    let sum = 0
    for (const one of this.open) sum += one.heldBytes
    this.held.set(this, sum)
  }

  drop(error: OncewireError): void {
    this.complain(`HTTP connection of ${this.peer} ended`, error)
    this.isEnding = true
    this.socket.destroy()
  }

  /** The peer was too slow. */
  fail(error: OncewireError): void {
    this.complain(`HTTP connection of ${this.peer} ended`, error)
    this.refuse(problem({ code: error.code, executed: 'never', detail: error.message, status: 408 }))
  }

  /** The parser has given up on what came. */
  broken(error: Error & { readonly code?: string }): void {
    if (this.isEnding || !this.socket.writable) return void this.socket.destroy()
    const isLarge = error.code === 'HPE_HEADER_OVERFLOW' || error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW'
    const detail = isLarge ? 'the head of the request is larger than 16 KiB' : `no HTTP/1.1: ${error.message}`
    this.refuse(problem({ code: 'malformed', executed: 'never', detail, status: isLarge ? 431 : 400 }))
  }

  close(): void {
    this.isEnding = true
    const waiting = [...this.open]
    const last = waiting.pop()
    if (last === undefined) return hangUp(this.socket)
    for (const exchange of waiting) exchange.answer(closing(exchange.executed))
    last.answerLast(closing(last.executed))
    last.response.once('close', () => hangUp(this.socket))
    linger(this.socket)
  }

  /** Ends the connection. `why` answers what is not whole; what was asked before is answered first. */
  refuse(why: HttpAnswer): void {
    if (this.isEnding) return
    this.isEnding = true
    const { last } = this
    const isOpen = last !== undefined && this.open.has(last)
    if (last === undefined || last.request.complete) {
      if (isOpen) last.response.once('close', () => this.endNow(why))
      else this.endNow(why)
    } else if (isOpen) {
      last.response.once('finish', () => linger(this.socket))
      last.answerLast(why)
    } else {
      // Answered before it had come whole, as one that is too large.
      hangUp(this.socket)
    }
  }

  private endNow({ status, type, body = '', headers = {} }: HttpAnswer): void {
    if (!this.socket.writable) return
    const lines = Object.entries({ ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    this.socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}connection: close\r\n\r\n`)
    this.socket.write(body)
    hangUp(this.socket)
  }
}

function closing(executed: Executed): HttpAnswer {
  return problem({ code: 'closed', executed, detail: 'the server is closing' })
}
