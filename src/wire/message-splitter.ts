/**
 * Cuts a stream of chunks into messages that have no length in front (Thrift's unframed transport).
 *
 * Invariant: memory held is what has come of one message, and at most twice that.
 */
import { MessageScanner } from './message-scanner.ts'
import { Splitter } from './splitter.ts'

export class MessageSplitter extends Splitter {
  private readonly scanner: MessageScanner
  private readonly onMessage: (message: Uint8Array) => void

  constructor(bytesMax: number, onMessage: (message: Uint8Array) => void) {
    super()
    this.scanner = new MessageScanner(bytesMax)
    this.onMessage = onMessage
  }

  protected override split(chunk: Uint8Array): void {
    const isMidMessage = this.keptLength > 0
    if (isMidMessage) this.keep(chunk)
    const bytes = isMidMessage ? this.kept.subarray(0, this.keptLength) : chunk
    let at = 0
    while (at < bytes.length && !this.isStopped) {
      const length = this.scanner.scan(bytes.subarray(at))
      if (length === undefined) break
      this.scanner.reset()
      at += length
      this.onMessage(bytes.subarray(at - length, at))
    }
    // A message that comes byte by byte is not moved each time: that would take the square of its length.
    if (isMidMessage && at === 0) return
    this.forget()
    if (at < bytes.length) this.keep(bytes.subarray(at))
  }
}
