/**
 * Cuts what one direction of a connection says into what a faulty link decides about: whole frames where the connection
 * carries frames (our sessions, framed Thrift), else bytes as they come.
 *
 * Invariant: the units of a connection, one after the other, are its bytes; imports nothing of the library.
 */

/** `session`: ours. `framed`: Thrift messages, or THeader, behind their lengths. `bytes`: HTTP and everything else. */
export type Speech = 'session' | 'framed' | 'bytes'

/** What a frame is, as far as the link cares. */
export type SeenFrame =
  /** `attempt` is 1 for the first sending. */
  | { readonly kind: 'call'; readonly attempt: number }
  /** `isReplay`: answered from memory or ledger without running. */
  | { readonly kind: 'reply'; readonly isReplay: boolean }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'ack' | 'other' }

const preface = Buffer.from('d74f5701', 'hex')
/** As Apache Thrift has it; what says that it is longer is no frame. */
const frameBytesMax = 16_384_000

/** What the first bytes of a client say it speaks; undefined: more of them are needed. */
export function speechOf(first: Buffer): Speech | undefined {
  if (first[0] === preface[0]) {
    if (first.length < 3) return undefined
    return first.subarray(0, 3).equals(preface.subarray(0, 3)) ? 'session' : 'bytes'
  }
  // A frame's length begins with a zero. So does that of PostgreSQL's first message, which counts itself.
  if (first[0] !== 0) return 'bytes'
  if (first.length < 6) return undefined
  const [a, b] = [first[4] as number, first[5] as number]
  const isMessage = (a === 0x80 && b === 0x01) || (a === 0x82 && (b & 0x1f) === 1) || a === 0x5b
  return first.readUInt32BE(0) <= frameBytesMax && (isMessage || (a === 0x0f && b === 0xff)) ? 'framed' : 'bytes'
}

/** One direction's bytes so far, cut. */
export class Cutter {
  private readonly chunks: Buffer[] = []
  private length = 0
  private speech: Speech | undefined
  /** The preface of a session is no frame. */
  private left = 0
  private readonly onUnit: (bytes: Buffer, isFrame: boolean) => void

  constructor(onUnit: (bytes: Buffer, isFrame: boolean) => void) {
    this.onUnit = onUnit
  }

  /** `isAsking`: the client's direction, whose first bytes are a session's preface. */
  speaks(speech: Speech, isAsking: boolean): void {
    this.speech = speech
    this.left = speech === 'session' && isAsking ? preface.length : 0
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.length += chunk.length
    while (this.length > 0 && this.cut());
  }

  /** The first bytes, while it is not known what they are. */
  get first(): Buffer {
    return this.gathered()
  }

  /** The connection ends here: what was held as the beginning of a frame goes on as it is. */
  end(): void {
    if (this.length > 0) this.onUnit(this.take(this.length), false)
  }

  /** Hands over one unit; false: more bytes are needed. */
  private cut(): boolean {
    if (this.speech === undefined) return false
    if (this.speech === 'bytes') return this.hand(this.length, false)
    if (this.left > 0) {
      if (this.length < this.left) return false
      const { left } = this
      this.left = 0
      return this.hand(left, false)
    }
    if (this.length < 4) return false
    const wanted = 4 + this.gatheredUpTo(4).readUInt32BE(0)
    if (wanted > frameBytesMax + 4) {
      this.speech = 'bytes'
      return true
    }
    return this.length >= wanted && this.hand(wanted, true)
  }

  private hand(count: number, isFrame: boolean): true {
    this.onUnit(this.take(count), isFrame)
    return true
  }

  private take(count: number): Buffer {
    const all = this.gathered()
    this.chunks.length = 0
    this.length = all.length - count
    if (this.length > 0) this.chunks.push(all.subarray(count))
    return all.subarray(0, count)
  }

  private gatheredUpTo(count: number): Buffer {
    const first = this.chunks[0] as Buffer
    return first.length >= count ? first : this.gathered()
  }

  private gathered(): Buffer {
    if (this.chunks.length !== 1) this.chunks.splice(0, Infinity, Buffer.concat(this.chunks))
    return this.chunks[0] as Buffer
  }
}

/** Byte 0 of the body is the kind; the places of the others are in docs/protocol.md. */
export function look(frame: Buffer): SeenFrame {
  const body = frame.subarray(4)
  if (body[0] === 3 && body.length >= 40) return { kind: 'call', attempt: body.readUInt16BE(38) }
  if (body[0] === 4 && body.length >= 26) return { kind: 'reply', isReplay: ((body[25] as number) & 4) !== 0 }
  // Byte 25: 0 speaks of a call.
  if (body[0] === 5 && body.length >= 29 && body[25] === 0)
    return { kind: 'refused', code: body.toString('utf8', 29, 29 + body.readUInt16BE(27)) }
  return { kind: body[0] === 7 ? 'ack' : 'other' }
}

const kinds = ['', 'HELLO', 'WELCOME', 'CALL', 'REPLY', 'REFUSED', 'RESOLVE', 'ACK', 'BYE', 'PING', 'PONG']

/** A frame of a session for people, with the xid of the call that it speaks of. */
export function described(frame: Buffer): string {
  const body = frame.subarray(4)
  const kind = kinds[body[0] ?? 0] ?? `kind ${body[0]}`
  const hasXid = ['CALL', 'REPLY', 'REFUSED', 'RESOLVE'].includes(kind) && body.length >= 26
  if (!hasXid) return kind
  const xid = `${body.toString('hex', 1, 17)}:${body.readBigUInt64BE(17)}`
  const seen = look(frame)
  if (seen.kind !== 'call') return `${kind} ${xid}`
  return `${kind} ${xid} ${body.toString('utf8', 46, 46 + body.readUInt16BE(44))}, attempt ${seen.attempt}`
}
