/**
 * Carries frames between two ends and may lose them; the port that memory and TCP implement.
 *
 * Invariant: a frame arrives whole or not at all; a view handed to `received` is valid only during the call.
 */
import type { Socket } from 'node:net'
import type { ByteWriter } from '../std/bytes.ts'
import type { Watched } from './frame-watch.ts'
import type { HeldBytes } from './held-bytes.ts'

/** One end of a connection. */
export interface Connection {
  /** Who is at the other end, for people: `127.0.0.1:50312`. */
  readonly peer: string
  /** True while the other end takes less than we give: stop producing until `drained`. */
  readonly isFull: boolean
  /** False once nothing more can leave, which may be before `closed` is told. */
  readonly isOpen: boolean
  /**
   * Begins a frame in the connection's own buffer; write its body, then call `end`. The frames of one turn
   * of the loop leave in one write. After the connection closed, what is written goes nowhere.
   */
  begin(): ByteWriter
  end(): void
  close(): void
}

/** What the owner of a connection wants to know. Set before the first frame can arrive. */
export interface ConnectionOwner {
  received(body: Uint8Array): void
  drained(): void
  /** Once, also after a local `close`. `error` is an OncewireError where the peer broke a rule. */
  closed(error: Error | undefined): void
}

export interface ConnectOptions {
  readonly frameBytesMax: number
  readonly connectMs: number
  /** Set: the server is not ours, and is shown no preface. */
  readonly foreign?: ForeignServer | undefined
}

/** What a server that is not ours takes and sends. */
export interface ForeignServer {
  /** Frames behind their length, or Thrift messages one after the other. */
  readonly framing: 'framed' | 'unframed'
  /** Milliseconds in which a frame that was begun must be complete. */
  readonly frameMs: number
}

export interface ListenOptions {
  readonly frameBytesMax: number
  /** Milliseconds in which what was begun must be complete: a frame, or the first bytes of a connection. */
  readonly frameMs: number
  readonly connectionsMax: number
  /** What all connections of a server may keep; a listener alone: as much as they want. */
  readonly held?: HeldBytes | undefined
  /** Takes over connections that do not speak our protocol; without it they are ended. */
  readonly foreign?: Foreign | undefined
}

/**
 * `first` has arrived and nobody else has taken it; from here on the socket is the taker's. Answers what tells whether the
 * peer keeps it waiting; undefined: the taker sees to that.
 */
export type Foreign = (socket: Socket, first: Uint8Array) => Watched | undefined

export interface Listener {
  /** Where it really listens: port 0 is replaced. */
  readonly url: string
  /** Connections that were ended before anybody heard of them: beyond `connectionsMax`, or not speaking our protocol. */
  readonly turnedAwayCount: number
  /** Takes no new connections; those open stay. */
  close(): Promise<void>
}

/** A way to carry frames, chosen by the protocol of a URL. */
export interface Transport {
  connect(url: URL, owner: ConnectionOwner, options: ConnectOptions): Promise<Connection>
  listen(url: URL, accept: (connection: Connection) => ConnectionOwner, options: ListenOptions): Promise<Listener>
}
