/**
 * Cuts a stream of chunks into messages that have no length in front (Thrift's unframed transport).
 *
 * Invariant: a message is handed over whole, as a view that is valid only during the call; memory held is what has come of
 * one message, and at most twice that.
 */
import type { Splitter } from './framing.ts'
import { MessageScanner } from './message-scanner.ts'

export class MessageSplitter implements Splitter {
  private readonly scanner: MessageScanner
  private readonly onFrame: (message: Uint8Array) => void
  private held: Uint8Array = empty
  private heldLength = 0

  constructor(bytesMax: number, onFrame: (message: Uint8Array) => void) {
    this.scanner = new MessageScanner(bytesMax)
    this.onFrame = onFrame
  }

  get isMidFrame(): boolean {
    return this.heldLength > 0
  }

  push(chunk: Uint8Array): void {
    this.hold(chunk)
    let begin = 0
    for (;;) {
      const rest = this.held.subarray(begin, this.heldLength)
      const length = rest.length === 0 ? undefined : this.scanner.scan(rest)
      if (length === undefined) break
      this.scanner.reset()
      this.onFrame(rest.subarray(0, length))
      begin += length
    }
    // A byte at a time, and a long message: moving what has come would take the square of its length.
    if (begin === 0) return
    this.held.copyWithin(0, begin, this.heldLength)
    this.heldLength -= begin
    if (this.heldLength === 0) this.held = empty
  }

  private hold(chunk: Uint8Array): void {
    const needed = this.heldLength + chunk.length
    if (needed > this.held.length) {
      const held = new Uint8Array(Math.max(needed, this.held.length * 2))
      held.set(this.held.subarray(0, this.heldLength))
      this.held = held
    }
    this.held.set(chunk, this.heldLength)
    this.heldLength = needed
  }
}

const empty = new Uint8Array(0)
