/**
 * The names that Thrift's JSON protocol gives to wire types (TJSONProtocol of Apache's libraries).
 */
import { TType } from './ttype.ts'

const tags: readonly (readonly [tag: string, ttype: number])[] = [
  ['tf', TType.BOOL],
  ['i8', TType.I8],
  ['i16', TType.I16],
  ['i32', TType.I32],
  ['i64', TType.I64],
  ['dbl', TType.DOUBLE],
  ['str', TType.STRING],
  ['rec', TType.STRUCT],
  ['map', TType.MAP],
  ['lst', TType.LIST],
  ['set', TType.SET],
  ['uid', TType.UUID],
]

export const tagOf: ReadonlyMap<number, string> = new Map(tags.map(([tag, ttype]) => [ttype, tag]))
export const ttypeOfTag: ReadonlyMap<string, number> = new Map(tags)

/** How a double that JSON has no number for is written, in quotes. */
export const oddDoubles: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])
