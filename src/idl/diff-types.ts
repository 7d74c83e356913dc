/**
 * Whether two types are one: in bytes, in TypeScript, or not at all.
 */
import type { Pairs } from './diff-pairs.ts'
import { type Plain, plain } from './plain.ts'
import type { Annotations, Type } from './program.ts'

/** But for the first and the last, names of rules. */
const byGravity = [
  'same',
  'js-type-changed',
  'enum-or-number',
  'text-became-binary',
  'binary-became-text',
  'different',
] as const
export type TypeChange = (typeof byGravity)[number]

/** A type, with the annotations of the field in which it stands. */
export interface Typed {
  readonly type: Type
  readonly annotations?: Annotations
}

export function compareTypes(old: Typed, now: Typed, pairs: Pairs): TypeChange {
  return compare(plain(old.type, old.annotations), plain(now.type, now.annotations), pairs)
}

function compare(old: Plain, now: Plain, pairs: Pairs): TypeChange {
  if (old.kind === 'map' && now.kind === 'map') {
    const parts = [compareTypes({ type: old.key }, { type: now.key }, pairs)]
    parts.push(compareTypes({ type: old.value }, { type: now.value }, pairs))
    return byGravity.findLast((change) => parts.includes(change)) as TypeChange
  }
  if ('element' in old && 'element' in now) {
    return old.kind === now.kind ? compareTypes({ type: old.element }, { type: now.element }, pairs) : 'different'
  }
  if ('definition' in old && 'definition' in now && pairs.isPair(old.definition, now.definition)) return 'same'
  const [from, to] = [bytesOf(old), bytesOf(now)]
  if (from === 'string' && to === 'binary') return 'text-became-binary'
  if (from === 'binary' && to === 'string') return 'binary-became-text'
  if (from === undefined || from !== to) return 'different'
  if (old.kind === 'enum' || now.kind === 'enum') return 'enum-or-number'
  return old.kind === 'base' && now.kind === 'base' && old.name === now.name ? 'same' : 'js-type-changed'
}

/** What decides how a value without parts is written; undefined for one that has parts. */
function bytesOf(type: Plain): string | undefined {
  if (type.kind === 'enum') return 'i32'
  if (type.kind !== 'base') return undefined
  return type.name === 'safeI64' ? 'i64' : type.name
}
