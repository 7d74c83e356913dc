/**
 * One encoding for equal values, without their schema: fields by id, sets and maps sorted. What a key's fingerprint
 * covers, since the key crosses codecs and languages (protocol section 1, H11).
 */
import { malformed } from './check.ts'
import { depthMax, TType, bytesMin } from './ttype.ts'

/** Stock Thrift libraries skip this argument field; it carries our call information and is no argument. */
export const callInfoField = 32767

/** `bytes`: a struct in the binary codec. @throws {OncewireError} malformed */
export function canonical(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    canonicalStruct({ bytes, view, position: 0 }, parts, 0)
  } catch (error) {
    throw error instanceof RangeError ? malformed('the bytes end inside a value') : error
  }
  return concat(parts)
}

interface Cursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  position: number
}

function canonicalStruct(at: Cursor, parts: Uint8Array[], depth: number): void {
  const fields: { readonly id: number; readonly bytes: Uint8Array }[] = []
  for (;;) {
    const start = at.position
    const type = at.view.getUint8(at.position++)
    if (type === TType.STOP) break
    const id = at.view.getInt16(at.position)
    at.position += 2
    const value: Uint8Array[] = [at.bytes.slice(start, start + 3)]
    canonicalValue(at, type, { parts: value, depth })
    if (depth > 0 || id !== callInfoField) fields.push({ id, bytes: concat(value) })
  }
  fields.sort((a, b) => a.id - b.id)
  for (const field of fields) parts.push(field.bytes)
  parts.push(Uint8Array.of(TType.STOP))
}

function canonicalValue(
  at: Cursor,
  type: number,
  into: { readonly parts: Uint8Array[]; readonly depth: number },
): void {
  const { parts, depth } = into
  if (depth >= depthMax) throw malformed(`values nested deeper than ${depthMax}`)
  const start = at.position
  switch (type) {
    case TType.STRUCT:
      return canonicalStruct(at, parts, depth + 1)
    case TType.LIST:
    case TType.SET: {
      const element = at.view.getUint8(start)
      const count = at.view.getInt32(start + 1)
      at.position += 5
      parts.push(at.bytes.slice(start, start + 5))
      const items = elements(at, count, (inner) => canonicalValue(at, element, { parts: inner, depth: depth + 1 }))
      if (type === TType.SET) items.sort(compare)
      return void parts.push(...items)
    }
    case TType.MAP: {
      const key = at.view.getUint8(start)
      const value = at.view.getUint8(start + 1)
      const count = at.view.getInt32(start + 2)
      at.position += 6
      parts.push(at.bytes.slice(start, start + 6))
      const entries = elements(at, count, (inner) => {
        canonicalValue(at, key, { parts: inner, depth: depth + 1 })
        canonicalValue(at, value, { parts: inner, depth: depth + 1 })
      })
      return void parts.push(...entries.sort(compare))
    }
    default: {
      const size = type === TType.STRING ? 4 + at.view.getInt32(start) : (bytesMin[type] ?? 0)
      if (size <= 0 || start + size > at.bytes.length) throw malformed(`a value of type ${type} and ${size} bytes`)
      at.position += size
      parts.push(at.bytes.slice(start, at.position))
    }
  }
}

function elements(at: Cursor, count: number, read: (parts: Uint8Array[]) => void): Uint8Array[] {
  if (count < 0 || count > at.bytes.length - at.position) throw malformed(`a container of ${count} elements`)
  return Array.from({ length: count }, () => {
    const parts: Uint8Array[] = []
    read(parts)
    return concat(parts)
  })
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return a.length - b.length
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
