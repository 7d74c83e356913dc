/**
 * Ends connections that begin a frame, or themselves, and do not go on: one timer for all of a listener.
 *
 * Invariant: a connection that completes frames, however busy, is never ended; one that owes a frame for `frameMs` is,
 * at most a quarter later.
 */
import { OncewireError } from '../errors/oncewire-error.ts'

/** What the watch looks at. */
export interface Watched {
  readonly owesFrame: boolean
  readonly frameCount: number
  fail(error: OncewireError): void
}

/** Sweeps in `frameMs`. */
const sweepCount = 4

export class FrameWatch {
  private readonly frameMs: number
  /** Each connection, how many frames it had when it began to owe one, and for how many sweeps it has owed it. */
  private readonly watched = new Map<Watched, { frameCount: number; sweeps: number }>()
  private readonly timer: NodeJS.Timeout
  private isClosing = false

  constructor(frameMs: number) {
    this.frameMs = frameMs
    this.timer = setInterval(() => this.sweep(), frameMs / sweepCount).unref()
  }

  add(connection: Watched): void {
    this.watched.set(connection, { frameCount: 0, sweeps: 0 })
  }

  delete(connection: Watched): void {
    this.watched.delete(connection)
    if (this.isClosing && this.watched.size === 0) clearInterval(this.timer)
  }

  /** Goes on for the connections that are there. */
  close(): void {
    this.isClosing = true
    if (this.watched.size === 0) clearInterval(this.timer)
  }

  private sweep(): void {
    for (const [connection, seen] of this.watched) {
      if (connection.owesFrame && connection.frameCount === seen.frameCount) seen.sweeps++
      else seen.sweeps = 0
      seen.frameCount = connection.frameCount
      if (seen.sweeps > sweepCount) connection.fail(this.expired(connection))
    }
  }

  private expired({ frameCount }: Watched): OncewireError {
    const which = frameCount === 0 ? 'no first frame' : 'half a frame, and not the rest of it,'
    return new OncewireError('malformed', 'never', `${which} within limits.frameMs of ${this.frameMs} ms`)
  }
}
