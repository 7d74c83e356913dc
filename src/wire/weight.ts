/**
 * How much memory a value takes, as estimated while it is read: one byte of a message can become a struct of hundreds. What
 * takes about as much as its bytes (texts, bytes) is not counted.
 *
 * The numbers are bytes of V8 on 64 bits, measured on Node 20.
 */
import type { Reader, Shape } from './shape.ts'
import { TType } from './ttype.ts'

/** Memory that may still be taken; whoever reads takes from it. */
export interface Room {
  left: number
  /** What bounds it, for people. */
  readonly name: string
}

/** What the value of one message may take where nobody says otherwise. */
export const valueBytesMax: number = 256 * 1024 * 1024

export function defaultRoom(): Room {
  return { left: valueBytesMax, name: 'the 256 MiB that one message may' }
}

const object = 24
const slot = 8
const error = 1000
const emptyList = 32
/** An array grows by half and 16. */
const list = 160
const listItem = 12
const set = 160
const setItem = 32
const map = 192
const mapItem = 40
const bytes = 192
/** By wire type: what a value takes beside the slot that it stands in; structs and containers weigh themselves. */
const ofScalar: Uint8Array = new Uint8Array(17)
ofScalar[TType.I64] = 24
ofScalar[TType.DOUBLE] = 16
ofScalar[TType.UUID] = 56
/** A text, or bytes. */
ofScalar[TType.STRING] = 100

export function listWeight(element: number, count: number): number {
  return count === 0 ? emptyList : list + count * (listItem + (ofScalar[element] ?? 0))
}

export function setWeight(element: number, count: number): number {
  return set + count * (setItem + (ofScalar[element] ?? 0))
}

export function mapWeight(key: number, value: number, count: number): number {
  return map + count * (mapItem + (ofScalar[key] ?? 0) + (ofScalar[value] ?? 0))
}

const known = new WeakMap<Shape, number>()

/** A struct none of whose fields has come: found out once, by reading such a one. */
export function structWeight(shape: Shape): number {
  const found = known.get(shape)
  if (found !== undefined) return found
  const weight = 'read' in shape ? weighed(shape as Shape & { read(r: Reader): unknown }) : 0
  known.set(shape, weight)
  return weight
}

function weighed(shape: Shape & { read(r: Reader): unknown }): number {
  const least = object + slot * Object.keys(shape.fields).length
  try {
    const value = shape.read(nothing as Reader)
    return Object.values(value as object).reduce<number>(
      (sum, held) => sum + zeroWeight(held),
      least + (value instanceof Error ? error : 0),
    )
  } catch {
    return least // It has required fields, which take bytes.
  }
}

/** Reads a struct that ends where it begins. */
const nothing: Pick<Reader, 'begin' | 'next' | 'end' | 'unknown'> = {
  begin: () => 0,
  next: () => 0,
  end: () => {},
  unknown: () => ({ kind: 'unknown', id: 0 }),
}

function zeroWeight(value: unknown): number {
  if (Array.isArray(value)) return emptyList
  if (value instanceof Map) return map
  if (value instanceof Set) return set
  return value instanceof Uint8Array ? bytes : 0
}
