/**
 * Thrift's numbers for wire types (thrift-binary-protocol specification), how few bytes one value can take, and how
 * deep values may nest.
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

/** Structs inside structs; Apache's limit. */
export const structsMax = 64

/**
 * Structs and containers inside one another where no schema bounds them: two containers between any two structs. Apache
 * counts 64 in all there, so that what one peer may write another may not step over.
 */
export const nestingMax: number = 3 * structsMax

/** The fewest bytes that a value of the type takes in the binary codec; 0: no such type. */
export const bytesMin: Uint8Array = Uint8Array.from([0, 0, 1, 1, 8, 0, 2, 0, 4, 0, 8, 4, 1, 6, 5, 5, 16])

const names = new Map(Object.entries(TType).map(([name, type]) => [type as number, name.toLowerCase()]))

export function typeName(type: number): string {
  return names.get(type) ?? `type ${type}`
}

/** Keys of this type are text in JSON, or become text in quotes. */
export function isTextKey(type: number): boolean {
  return type !== TType.STRUCT && type !== TType.MAP && type !== TType.SET && type !== TType.LIST
}
