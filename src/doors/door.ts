/**
 * Where connections arrive that do not speak our own protocol: finds out what they speak, and hands them on.
 */
import type { Socket } from 'node:net'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Watched } from '../transport/frame-watch.ts'
import type { HttpDoor } from './http-door.ts'
import type { SessionlessCalls } from './sessionless.ts'
import { sniff } from './sniff.ts'
import { ThriftConnection } from './thrift-connection.ts'

/** A connection of a dialect that is found out as its bytes come. */
export class Foreigner implements Watched {
  private readonly socket: Socket
  private readonly calls: SessionlessCalls
  private readonly http: HttpDoor
  private thrift: ThriftConnection | undefined
  private web: Watched | undefined
  private first: Uint8Array = new Uint8Array(0)
  private readonly listen = (chunk: Uint8Array): void =>
    this.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))

  constructor(socket: Socket, { calls, http }: { readonly calls: SessionlessCalls; readonly http: HttpDoor }) {
    this.socket = socket
    this.calls = calls
    this.http = http
    socket.on('data', this.listen)
    socket.once('end', () => {
      if (this.thrift === undefined && this.web === undefined) socket.destroy()
    })
  }

  get owesFrame(): boolean {
    return (this.thrift ?? this.web)?.owesFrame ?? true
  }

  get frameCount(): number {
    return (this.thrift ?? this.web)?.frameCount ?? 0
  }

  push(chunk: Uint8Array): void {
    if (this.thrift !== undefined) return this.thrift.push(chunk)
    this.first = Buffer.concat([this.first, chunk])
    const spoken = sniff(this.first)
    switch (spoken) {
      case 'undecided':
        return
      case 'http':
        this.socket.off('data', this.listen)
        this.web = this.http.take(this.socket, this.first)
        return
      case 'unknown': {
        const shown = Buffer.from(this.first.subarray(0, 8)).toString('hex')
        return this.fail(new OncewireError('malformed', 'never', `a connection that begins with ${shown}`))
      }
      default:
        this.thrift = new ThriftConnection(this.socket, this.calls, spoken === 'framed')
        this.thrift.push(this.first)
        this.first = new Uint8Array(0)
    }
  }

  fail(error: OncewireError): void {
    const taken = this.thrift ?? this.web
    if (taken !== undefined) return taken.fail(error)
    this.calls.options.log(`connection of ${this.socket.remoteAddress ?? '?'} ended`, error)
    this.socket.destroy()
  }
}
