/**
 * Finds where a message ends that has no length in front (Thrift's unframed transport), as its bytes arrive.
 *
 * Invariant: no byte is looked at twice, however the chunks are cut; depth is bounded; a message that is longer than
 * `bytesMax` is refused before it is held.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { malformed } from './check.ts'
import { ttypeOf } from './compact-type.ts'
import { type Dialect, dialectOf, noMessage } from './envelope.ts'
import { bytesMin, nestingMax, TType } from './ttype.ts'

/** What is still to come of the message, innermost last. */
type Open =
  | { readonly kind: 'struct' }
  /** `types` of the elements in turn: one of a list, key and value of a map. */
  | { readonly kind: 'elements'; readonly types: readonly number[]; left: number }

export class MessageScanner {
  private readonly bytesMax: number
  private bytes: Uint8Array = new Uint8Array(0)
  private position = 0
  private dialect: Dialect | undefined
  private readonly open: Open[] = []
  private readonly step = new Step()
  /** Of JSON: brackets that are open, and whether a text is. */
  private depth = 0
  private isInText = false

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** Forgets the message that has ended. */
  reset(): void {
    this.position = 0
    this.dialect = undefined
    this.open.length = 0
    this.depth = 0
    this.isInText = false
  }

  /**
   * The length of the message that `bytes` begin; undefined: it goes on. `bytes` are those of the call before and what
   * has arrived since.
   *
   * @throws {OncewireError} malformed, frame-too-large
   */
  scan(bytes: Uint8Array): number | undefined {
    this.bytes = bytes
    const isWhole = this.isWhole()
    // Of a message that goes on, all that has come is part.
    const known = isWhole ? this.position : Math.max(this.position, bytes.length)
    if (known > this.bytesMax) throw tooLong(this.bytesMax)
    return isWhole ? this.position : undefined
  }

  private isWhole(): boolean {
    try {
      if (this.dialect === undefined) this.envelope()
      if (this.dialect === 'json') return this.json()
      for (;;) {
        const top = this.open.at(-1)
        // The last value may reach beyond what has come.
        if (top === undefined) return this.position <= this.bytes.length
        // A step is taken whole or not at all.
        if (top.kind === 'struct') this.field()
        else this.element(top)
      }
    } catch (error) {
      if (error !== goesOn) throw error
      return false
    }
  }

  private begin(): Step {
    return this.step.begin(this.bytes, this.position)
  }

  private envelope(): void {
    const dialect = dialectOf(this.peek(0), this.peek(1))
    if (dialect === undefined) throw noMessage(this.bytes)
    const step = this.begin()
    switch (dialect) {
      case 'binary':
        step.skip(4)
        step.skip(this.sized(step.u32()))
        step.skip(4)
        break
      case 'old-binary': {
        const nameBytes = step.u32()
        if (nameBytes > this.bytesMax) throw noMessage(this.bytes)
        step.skip(nameBytes)
        step.skip(5)
        break
      }
      case 'compact':
        step.skip(2)
        step.varint()
        step.skip(this.sized(step.varint()))
        break
      case 'json':
        break
    }
    this.dialect = dialect
    this.position = step.position
    if (dialect !== 'json') this.push({ kind: 'struct' })
  }

  private field(): void {
    const step = this.begin()
    const header = step.u8()
    if (header === TType.STOP) {
      this.position = step.position
      this.open.pop()
      return
    }
    if (this.dialect !== 'compact') {
      step.skip(2)
      return this.value(header, step)
    }
    if (header >> 4 === 0) step.varint()
    const compact = header & 0x0f
    const type = this.known(compact)
    // A field's bool stands in its header.
    if (type === TType.BOOL) this.position = step.position
    else this.value(type, step)
  }

  private element(top: Extract<Open, { kind: 'elements' }>): void {
    const { types } = top
    if (top.left === 0) return void this.open.pop()
    const type = types[top.left % types.length] as number
    // Before a value is stepped into it is counted, and counted again only if it has not come.
    top.left--
    try {
      this.value(type, this.begin())
    } catch (error) {
      if (error === goesOn) top.left++
      throw error
    }
  }

  /** Steps over a value, or into it. */
  private value(type: number, step: Step): void {
    const isCompact = this.dialect === 'compact'
    switch (type) {
      case TType.STRING:
        step.skip(this.sized(isCompact ? step.varint() : step.u32()))
        break
      case TType.STRUCT:
        this.position = step.position
        return this.push({ kind: 'struct' })
      case TType.LIST:
      case TType.SET:
        return this.list(step)
      case TType.MAP:
        return this.map(step)
      case TType.I16:
      case TType.I32:
      case TType.I64:
        if (isCompact) step.varint64()
        else step.skip(bytesMin[type] as number)
        break
      default: {
        const size = bytesMin[type] ?? 0
        if (size === 0) throw malformed(`a value of wire type ${type}, which Thrift does not have`)
        step.skip(size)
      }
    }
    this.position = step.position
  }

  private list(step: Step): void {
    let type = step.u8()
    let size: number
    if (this.dialect === 'compact') {
      size = type >> 4 === 15 ? step.varint() : type >> 4
      type = size === 0 ? TType.STOP : this.known(type & 0x0f)
    } else size = step.u32()
    this.elements(step, [type], size)
  }

  private map(step: Step): void {
    if (this.dialect !== 'compact') {
      const types = [step.u8(), step.u8()]
      return this.elements(step, types, step.u32() * 2)
    }
    const size = step.varint()
    const types = size === 0 ? 0 : step.u8()
    this.elements(step, size === 0 ? [0, 0] : [this.known(types >> 4), this.known(types & 0x0f)], size * 2)
  }

  private elements(step: Step, types: readonly number[], left: number): void {
    this.sized(left / types.length) // each element takes a byte at least
    this.position = step.position
    if (left === 0) return
    const width = types.reduce((sum, type) => sum + this.widthOf(type), 0)
    if (Number.isNaN(width)) this.push({ kind: 'elements', types, left })
    else this.position += this.sized((left / types.length) * width)
  }

  /** Bytes of every value of a type; NaN: they differ, or there is no such type. */
  private widthOf(type: number): number {
    switch (type) {
      case TType.BOOL:
      case TType.I8:
      case TType.DOUBLE:
      case TType.UUID:
        return bytesMin[type] as number
      case TType.I16:
      case TType.I32:
      case TType.I64:
        return this.dialect === 'compact' ? NaN : (bytesMin[type] as number)
      default:
        return NaN
    }
  }

  private push(open: Open): void {
    if (this.open.length > 2 * nestingMax) throw malformed(`values nested deeper than ${nestingMax}`)
    this.open.push(open)
  }

  private known(compact: number): number {
    const type = ttypeOf[compact] as number
    if (type === 0) throw malformed(`a value of compact type ${compact}, which Thrift does not have`)
    return type
  }

  /** A size that the message can have. */
  private sized(count: number): number {
    if (count > this.bytesMax) throw tooLong(this.bytesMax)
    return count
  }

  private peek(offset: number): number {
    const byte = this.bytes[this.position + offset]
    if (byte === undefined) throw goesOn
    return byte
  }

  private json(): boolean {
    const { bytes } = this
    while (this.position < bytes.length) {
      const byte = bytes[this.position++] as number
      if (this.isInText) {
        if (byte === 0x5c) this.position++
        else if (byte === 0x22) this.isInText = false
      } else if (byte === 0x22) this.isInText = true
      else if (byte === 0x5b || byte === 0x7b) this.depth++
      else if (byte === 0x5d || byte === 0x7d) {
        if (--this.depth === 0) return true
      }
    }
    return false
  }
}

/** Thrown and caught here: the bytes end in the middle of a step. */
const goesOn = Symbol('goes on')

/** Reads on from a position that is only kept if all of the step is there; a value may end beyond what has come. */
class Step {
  position = 0
  private bytes: Uint8Array = new Uint8Array(0)

  begin(bytes: Uint8Array, position: number): this {
    this.bytes = bytes
    this.position = position
    return this
  }

  u8(): number {
    const byte = this.bytes[this.position]
    if (byte === undefined) throw goesOn
    this.position++
    return byte
  }

  u32(): number {
    return this.u8() * 0x100_0000 + ((this.u8() << 16) | (this.u8() << 8) | this.u8())
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw malformed('a number of more than 32 bits')
  }

  varint64(): void {
    for (let count = 0; count < 10; count++) if (this.u8() < 0x80) return
    throw malformed('a number of more than 64 bits')
  }

  skip(count: number): void {
    this.position += count
  }
}

function tooLong(bytesMax: number): OncewireError {
  return new OncewireError('frame-too-large', 'never', `a message of more than limits.frameBytesMax, ${bytesMax} bytes`)
}
