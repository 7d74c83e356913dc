/**
 * The compact protocol's own numbers for wire types (thrift-compact-protocol specification, "Struct encoding").
 */
import { TType } from './ttype.ts'

/** In a field's header a bool is its value; as an element type most implementations write 1, old ones 2. */
export const compactTrue = 1
export const compactFalse = 2

const compactTypes: readonly (readonly [compact: number, ttype: number])[] = [
  [compactTrue, TType.BOOL],
  [3, TType.I8],
  [4, TType.I16],
  [5, TType.I32],
  [6, TType.I64],
  [7, TType.DOUBLE],
  [8, TType.STRING],
  [9, TType.LIST],
  [10, TType.SET],
  [11, TType.MAP],
  [12, TType.STRUCT],
  [13, TType.UUID],
]

/** TType -> compact; 0: no such type. */
export const compactOf: Uint8Array = new Uint8Array(17)
/** Compact -> TType; 0: no such type. */
export const ttypeOf: Uint8Array = new Uint8Array(16)
for (const [compact, ttype] of compactTypes) {
  compactOf[ttype] = compact
  ttypeOf[compact] = ttype
}
ttypeOf[compactFalse] = TType.BOOL

/** The fewest bytes that a value of each TType takes in the compact protocol; 0: no such type. */
export const compactBytesMin: Uint8Array = Uint8Array.from([0, 0, 1, 1, 8, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 16])
