/**
 * Where connections arrive that do not speak our own protocol: finds out what they speak, and hands them on.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import { peerOf } from '../transport/tcp-connection.ts'
import { type Guest, hangUp } from './guest.ts'
import type { HttpDoor } from './http-door.ts'
import type { SessionlessCalls } from './sessionless.ts'
import { sniff } from './sniff.ts'
import { ThriftConnection } from './thrift-connection.ts'

/** A connection of a dialect that is found out as its bytes come. */
export class Foreigner implements Guest {
  private readonly socket: Socket
  private readonly calls: SessionlessCalls
  private readonly http: HttpDoor
  private taken: Guest | undefined
  private first: Uint8Array = new Uint8Array(0)
  private readonly listen = (chunk: Uint8Array): void => this.push(chunk)

  constructor(socket: Socket, { calls, http }: { readonly calls: SessionlessCalls; readonly http: HttpDoor }) {
    this.socket = socket
    this.calls = calls
    this.http = http
    socket.on('data', this.listen)
    socket.once('end', () => {
      if (this.taken === undefined) hangUp(socket)
    })
  }

  get owesFrame(): boolean {
    return this.taken?.owesFrame ?? true
  }

  get frameCount(): number {
    return this.taken?.frameCount ?? 0
  }

  /** Bytes have arrived, and nobody has taken the connection yet. */
  push(chunk: Uint8Array): void {
    this.first = new Uint8Array(Buffer.concat([this.first, chunk]))
    const spoken = sniff(this.first)
    if (spoken === 'undecided') return
    const { socket, calls, first } = this
    socket.off('data', this.listen)
    if (spoken === 'unknown') {
      const shown = Buffer.from(first.subarray(0, 8)).toString('hex')
      const hint = shown.startsWith('1603') ? ': TLS, which this address does not speak' : ''
      return this.fail(new OncewireError('malformed', 'never', `a connection that begins with ${shown}${hint}`))
    }
    if (spoken === 'http') {
      this.taken = this.http.take(socket, first)
      return
    }
    const thrift = new ThriftConnection(socket, calls, spoken === 'framed')
    this.taken = thrift
    // Further in nobody knows of Buffer, whose `slice` does not copy.
    socket.on('data', (next) => thrift.push(new Uint8Array(next.buffer, next.byteOffset, next.length)))
    thrift.push(first)
  }

  fail(error: OncewireError): void {
    if (this.taken !== undefined) return this.taken.fail(error)
    this.calls.options.complain(`connection of ${peerOf(this.socket)} ended`, error)
    this.socket.destroy()
  }

  close(): void {
    if (this.taken === undefined) hangUp(this.socket)
    else this.taken.close()
  }
}
