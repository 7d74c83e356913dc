/**
 * Takes the chunks of a stream and hands over the messages that they are made of; keeps the begin of one whose rest has not
 * come.
 *
 * Invariant: a message is handed over whole, as a view that is valid only during the call, and none while stopped. What is
 * kept has come, and takes at most twice its bytes.
 */
export abstract class Splitter {
  protected kept: Uint8Array = nothing
  protected keptLength = 0
  protected isStopped = false
  private isSplitting = false

  /** Some of a message has come, and not all. */
  get isMidMessage(): boolean {
    return this.keptLength > 0
  }

  /** What is kept takes so many bytes. */
  get keptBytes(): number {
    return this.kept.length
  }

  /** @throws {OncewireError} frame-too-large, malformed; and whatever the receiver throws */
  push(chunk: Uint8Array): void {
    if (this.isStopped) return this.keep(chunk)
    this.isSplitting = true
    try {
      this.split(chunk)
    } finally {
      this.isSplitting = false
    }
  }

  /** Told by the receiver of a message that the next one has to wait. */
  stop(): void {
    this.isStopped = true
  }

  /** @throws {OncewireError} as `push` does */
  goOn(): void {
    this.isStopped = false
    // Told by the receiver itself: then the rest follows where it is being split.
    if (this.isSplitting) return
    const chunk = this.kept.subarray(0, this.keptLength)
    this.forget()
    this.push(chunk)
  }

  /** Hands over what is whole, up to where it is stopped, and keeps the rest. */
  protected abstract split(chunk: Uint8Array): void

  /** `wanted`: where it is known that no more bytes than that belong together. */
  protected keep(bytes: Uint8Array, wanted: number = Infinity): void {
    const needed = this.keptLength + bytes.length
    if (needed > this.kept.length) {
      const kept = new Uint8Array(Math.max(needed, Math.min(wanted, Math.max(this.kept.length * 2, 1024))))
      kept.set(this.kept.subarray(0, this.keptLength))
      this.kept = kept
    }
    this.kept.set(bytes, this.keptLength)
    this.keptLength = needed
  }

  protected forget(): void {
    this.kept = nothing
    this.keptLength = 0
  }
}

const nothing = new Uint8Array(0)
