/**
 * Cuts a stream of chunks into frames: u32 length, big-endian, then so many bytes.
 *
 * Invariant: a frame is handed over whole, as a view that is valid only during the call; memory held is at most one
 * frame, and no more than has really arrived.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { asText } from '../std/bytes.ts'

/** Takes the chunks of a stream and hands over what they are made of. */
export interface Splitter {
  /** Some of a frame has come, and not all. */
  readonly isMidFrame: boolean
  /** @throws {OncewireError} frame-too-large, malformed; and whatever the receiver throws */
  push(chunk: Uint8Array): void
}

export class FrameSplitter implements Splitter {
  private readonly frameBytesMax: number
  private readonly onFrame: (body: Uint8Array) => void
  /** Begin of a frame whose rest has not come. */
  private held: Uint8Array = new Uint8Array(0)
  private heldLength = 0

  constructor(frameBytesMax: number, onFrame: (body: Uint8Array) => void) {
    this.frameBytesMax = frameBytesMax
    this.onFrame = onFrame
  }

  /** Some of a frame has come, and not all. */
  get isMidFrame(): boolean {
    return this.heldLength > 0
  }

  /** @throws {OncewireError} frame-too-large, malformed for an empty frame; and whatever `onFrame` throws */
  push(chunk: Uint8Array): void {
    let at = 0
    while (this.heldLength > 0 && at < chunk.length) {
      const wanted = this.heldLength < 4 ? 4 : 4 + this.length(this.held, 0)
      const take = Math.min(wanted - this.heldLength, chunk.length - at)
      this.hold(chunk, at, take)
      at += take
      if (this.heldLength < 4 || this.heldLength < 4 + this.length(this.held, 0)) continue
      const end = this.heldLength
      this.heldLength = 0
      this.onFrame(this.held.subarray(4, end))
    }
    while (chunk.length - at >= 4) {
      const length = this.length(chunk, at)
      if (chunk.length - at - 4 < length) break
      this.onFrame(chunk.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    if (at < chunk.length) this.hold(chunk, at, chunk.length - at)
    else if (this.heldLength === 0 && this.held.length > keptBytes) this.held = new Uint8Array(0)
  }

  private hold(chunk: Uint8Array, at: number, count: number): void {
    const needed = this.heldLength + count
    if (needed > this.held.length) {
      const held = new Uint8Array(Math.max(needed, this.held.length * 2, 1024))
      held.set(this.held.subarray(0, this.heldLength))
      this.held = held
    }
    this.held.set(chunk.subarray(at, at + count), this.heldLength)
    this.heldLength = needed
  }

  private length(bytes: Uint8Array, at: number): number {
    const length =
      (bytes[at] as number) * 0x100_0000 +
      (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
    if (length > this.frameBytesMax) throw this.tooLarge(length, asText(bytes.subarray(at, at + 4)))
    if (length === 0) throw new OncewireError('malformed', 'never', 'an empty frame')
    return length
  }

  /** What was taken for a length is often the begin of a text, such as HTTP's. */
  private tooLarge(length: number, text: string): OncewireError {
    if (text !== '') return new OncewireError('malformed', 'never', `bytes that are no frame's length${text}`)
    const message = `a frame of ${length} bytes, and limits.frameBytesMax is ${this.frameBytesMax}`
    return new OncewireError('frame-too-large', 'never', message)
  }
}

/** A buffer larger than this is given back when its frame is done. */
const keptBytes = 65_536
