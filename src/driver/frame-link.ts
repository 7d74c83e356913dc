/**
 * A transport's connection that carries our frames instead of bytes.
 *
 * Invariant: frames leave in the order of `send`, and none is encoded while the other end takes less than we give. Beyond
 * `waitingMax` they are lost, as a transport may lose them: a server that reads nothing can ask for ever.
 */
import { encodeFrame } from '../once/frame-bytes.ts'
import type { Frame } from '../once/frame.ts'
import type { Connection } from '../transport/transport.ts'

const waitingMax = 100_000

export class FrameLink {
  private readonly connection: Connection
  private waiting: Frame[] = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  get peer(): string {
    return this.connection.peer
  }

  /** Frames wait until the other end takes more. */
  get isStalled(): boolean {
    return this.waiting.length > 0
  }

  send(frame: Frame): void {
    if (this.waiting.length === 0 && !this.connection.isFull) this.encode(frame)
    else if (this.waiting.length < waitingMax) this.waiting.push(frame)
  }

  drained(): void {
    const frames = this.waiting
    this.waiting = []
    let next = 0
    while (next < frames.length && !this.connection.isFull) this.encode(frames[next++] as Frame)
    this.waiting = frames.slice(next)
  }

  close(): void {
    this.waiting = []
    this.connection.close()
  }

  private encode(frame: Frame): void {
    encodeFrame(this.connection.begin(), frame)
    this.connection.end()
  }
}
