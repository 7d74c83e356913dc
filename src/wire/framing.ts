/**
 * Cuts a stream of chunks into frames: u32 length, big-endian, then so many bytes.
 *
 * Invariant: memory held is at most one frame, and no more than has really arrived.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { asText } from '../std/bytes.ts'
import { Splitter } from './splitter.ts'

export class FrameSplitter extends Splitter {
  private readonly frameBytesMax: number
  private readonly onFrame: (body: Uint8Array) => void

  constructor(frameBytesMax: number, onFrame: (body: Uint8Array) => void) {
    super()
    this.frameBytesMax = frameBytesMax
    this.onFrame = onFrame
  }

  protected override split(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.isStopped) {
      const left = chunk.length - at
      if (this.keptLength > 0) at += this.complete(chunk.subarray(at))
      else if (left < 4) break
      else {
        const length = this.length(chunk, at)
        if (left - 4 < length) break
        at += 4 + length
        this.onFrame(chunk.subarray(at - length, at))
      }
    }
    if (at === chunk.length) return
    const wanted = this.isStopped || chunk.length - at < 4 ? Infinity : 4 + this.length(chunk, at)
    this.keep(chunk.subarray(at), wanted)
  }

  /** Takes what the frame that was begun still wants; answers how much that is. */
  private complete(chunk: Uint8Array): number {
    const wanted = this.keptLength < 4 ? 4 : 4 + this.length(this.kept, 0)
    const taken = Math.min(wanted - this.keptLength, chunk.length)
    this.keep(chunk.subarray(0, taken), wanted === 4 ? Infinity : wanted)
    if (this.keptLength < 4 || this.keptLength < 4 + this.length(this.kept, 0)) return taken
    const body = this.kept.subarray(4, this.keptLength)
    this.forget()
    this.onFrame(body)
    return taken
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
