/**
 * Puts the replies of one connection into the order of their calls, whatever order those end in: a stock client that has
 * several calls on their way takes the first reply for that of its first call.
 */

/** The place of one reply. */
export interface Slot {
  bytes: Uint8Array | undefined
  /** The reply if the server closes before the call has ended. */
  readonly closed: () => Uint8Array
}

export class ReplyOrder {
  /** Of replies that wait for those before them. */
  bytes = 0
  private readonly slots: Slot[] = []
  private readonly write: (reply: Uint8Array) => void

  constructor(write: (reply: Uint8Array) => void) {
    this.write = write
  }

  /** Calls whose replies have not left. */
  get waiting(): number {
    return this.slots.length
  }

  reserve(closed: Slot['closed']): Slot {
    const slot: Slot = { bytes: undefined, closed }
    this.slots.push(slot)
    return slot
  }

  /** The reply is there; it leaves when those before it have. A second one of a slot goes nowhere. */
  fill(slot: Slot, bytes: Uint8Array): void {
    if (slot.bytes === undefined) this.bytes += bytes.length
    slot.bytes ??= bytes
    let leaving = 0
    for (let first = this.slots[0]; first?.bytes !== undefined; first = this.slots[++leaving]) {
      this.bytes -= first.bytes.length
      this.write(first.bytes)
    }
    this.slots.splice(0, leaving)
  }

  /** Whoever still waits is told that the server closes. */
  close(): void {
    for (const slot of this.slots.slice()) if (slot.bytes === undefined) this.fill(slot, slot.closed())
  }
}
