/**
 * What is on its way in one direction: delayed, throttled, held back, in order.
 *
 * Invariant: bytes leave in the order in which they were given; while more than `heldBytesMax` are on their way, no more
 * are read.
 */
import type { Socket } from 'node:net'

const heldBytesMax = 1024 * 1024
/** A throttled direction sends no more at once than it may in this time. */
const sliceMs = 20

/** How fast a direction is; connections of one link share it. */
export class Throttle {
  private freeAtMs = 0
  private readonly bytesPerMs: number

  constructor(bytesPerSecond: number) {
    this.bytesPerMs = bytesPerSecond / 1000
  }

  get sliceBytes(): number {
    return Math.max(1, Math.floor(this.bytesPerMs * sliceMs))
  }

  /** When so many bytes have gone through, beginning not before `nowMs`. */
  take(bytes: number, nowMs: number): number {
    this.freeAtMs = Math.max(this.freeAtMs, nowMs) + bytes / this.bytesPerMs
    return this.freeAtMs
  }
}

interface Sent {
  readonly atMs: number
  /** undefined: the end. */
  readonly bytes: Buffer | undefined
}

export class Pipe {
  /** Nothing leaves, and nothing is lost: a partition, or for good a connection that is half open. */
  private isHeld = false
  private isFull = false
  private heldBytes = 0
  private lastMs = 0
  private readonly waiting: Sent[] = []
  private timer: NodeJS.Timeout | undefined
  private readonly from: Socket
  private readonly to: Socket
  private readonly throttle: Throttle | undefined

  constructor(from: Socket, to: Socket, throttle: Throttle | undefined) {
    this.from = from
    this.to = to
    this.throttle = throttle
    to.on('drain', () => {
      this.isFull = false
      this.flush()
    })
    to.on('close', () => clearTimeout(this.timer))
  }

  send(bytes: Buffer, delayMs: number = 0): void {
    if (this.throttle === undefined) return this.enter({ atMs: this.dueMs(delayMs), bytes })
    for (let at = 0; at < bytes.length; at += this.throttle.sliceBytes) {
      const slice = bytes.subarray(at, at + this.throttle.sliceBytes)
      this.enter({ atMs: this.throttle.take(slice.length, performance.now() + delayMs), bytes: slice })
    }
  }

  end(): void {
    this.enter({ atMs: this.dueMs(0), bytes: undefined })
  }

  hold(): void {
    this.isHeld = true
  }

  release(): void {
    this.isHeld = false
    this.flush()
  }

  private dueMs(delayMs: number): number {
    return delayMs === 0 && this.waiting.length === 0 ? 0 : performance.now() + delayMs
  }

  private enter({ atMs, bytes }: Sent): void {
    this.lastMs = Math.max(this.lastMs, atMs)
    this.waiting.push({ atMs: this.lastMs, bytes })
    this.heldBytes += bytes?.length ?? 0
    if (this.heldBytes > heldBytesMax) this.from.pause()
    this.flush()
  }

  private flush(): void {
    clearTimeout(this.timer)
    while (this.waiting.length > 0 && !this.isHeld && !this.isFull && !this.to.destroyed) {
      const { atMs, bytes } = this.waiting[0] as Sent
      const leftMs = atMs === 0 ? 0 : atMs - performance.now()
      if (leftMs > 0) {
        this.timer = setTimeout(() => this.flush(), leftMs)
        return
      }
      this.waiting.shift()
      if (bytes === undefined) this.to.end()
      else {
        this.heldBytes -= bytes.length
        this.isFull = !this.to.write(bytes)
      }
    }
    if (!this.isHeld && this.heldBytes <= heldBytesMax / 2 && this.from.isPaused()) this.from.resume()
  }
}
