/**
 * Thrift's numbers for wire types (thrift-binary-protocol specification), and how few bytes one value can take.
 */

export const TType = {
  STOP: 0,
  BOOL: 2,
  I8: 3,
  DOUBLE: 4,
  I16: 6,
  I32: 8,
  I64: 10,
  STRING: 11,
  STRUCT: 12,
  MAP: 13,
  SET: 14,
  LIST: 15,
  UUID: 16,
} as const

/** Containers and structs may nest this deep; Apache's limit. */
export const depthMax = 64

/** The fewest bytes that a value of the type takes in the binary codec; 0: no such type. */
export const bytesMin: Uint8Array = Uint8Array.from([0, 0, 1, 1, 8, 0, 2, 0, 4, 0, 8, 4, 1, 6, 5, 5, 16])

const names = [
  'stop',
  'void',
  'bool',
  'i8',
  'double',
  '?',
  'i16',
  '?',
  'i32',
  '?',
  'i64',
  'string',
  'struct',
  'map',
  'set',
  'list',
  'uuid',
]

export function typeName(type: number): string {
  return names[type] ?? `type ${type}`
}
