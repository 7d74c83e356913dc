/**
 * Fields of structs and arguments of functions: which is which, and what became of it.
 */
import type { Pairs } from './diff-pairs.ts'
import type { Report, Ways } from './diff-report.ts'
import type { RuleName } from './diff-rules.ts'
import { compareTypes } from './diff-types.ts'
import { isAlwaysThere } from './plain.ts'
import { printType, printValue } from './print.ts'
import type { Field, Position, Program, Struct, Value } from './program.ts'

/** Whose fields they are. */
export interface Owner {
  /** What stands before a field's name, such as `Work.` or `Bank.debit: argument `. */
  readonly label: string
  readonly program: Program
  readonly position: Position
  readonly fields: readonly Field[]
}

export interface Context {
  readonly pairs: Pairs
  readonly report: Report
  readonly ways: Ways | undefined
}

export interface Matched {
  readonly same: readonly (readonly [old: Field, now: Field])[]
  readonly removed: readonly Field[]
  readonly added: readonly Field[]
}

/** By name, whatever became of the id; else by id. */
export function match(old: readonly Field[], now: readonly Field[]): Matched {
  const names = new Map(now.map((field) => [field.name, field]))
  const ids = new Map(now.map((field) => [field.id, field]))
  const wereThere = new Set(old.map(({ name }) => name))
  const same: [Field, Field][] = []
  for (const field of old) {
    const other = names.get(field.name) ?? ids.get(field.id)
    const isRenamed = other !== undefined && other.name !== field.name
    if (other !== undefined && !(isRenamed && wereThere.has(other.name))) same.push([field, other])
  }
  const [before, after] = [new Set(same.map(([field]) => field)), new Set(same.map(([, field]) => field))]
  return { same, removed: old.filter((field) => !before.has(field)), added: now.filter((field) => !after.has(field)) }
}

/** The fields of a struct, union or exception in both versions. */
export function compareStructs(old: Struct, now: Struct, context: Context): void {
  const [from, to] = [ownerOf(old), ownerOf(now)]
  const isUnion = now.kind === 'union'
  const { same, removed, added } = match(old.fields, now.fields)
  for (const pair of same) compareStructField(pair, { from, to, isUnion, context })
  for (const field of removed) {
    const rule = isUnion
      ? 'arm-removed'
      : field.requiredness === 'required'
        ? 'required-field-removed'
        : 'field-removed'
    tell(context, rule, `${from.label}${field.name}: ${isUnion ? 'arm' : 'field'} ${field.id} removed`, {
      from,
      field,
      to,
    })
  }
  for (const field of added) {
    const text = `${to.label}${field.name}: ${isUnion ? 'arm' : 'field'} ${field.id} added`
    tell(context, isUnion ? 'arm-added' : ruleOfAdded(field), text, { from, to, other: field })
  }
}

function ruleOfAdded(field: Field): RuleName {
  if (field.requiredness === 'required') return 'required-field-added'
  return isAlwaysThere(field) ? 'field-added' : 'optional-field-added'
}

interface Both {
  readonly from: Owner
  readonly to: Owner
  readonly isUnion: boolean
  readonly context: Context
}

function compareStructField([old, now]: readonly [Field, Field], { from, to, isUnion, context }: Both): void {
  const at = { from, field: old, to, other: now }
  const label = `${to.label}${now.name}`
  const isSameType = compareFieldType([old, now], at, { label, context })
  if (!isSameType && old.name !== now.name) return
  if (old.id !== now.id) tell(context, 'field-id-changed', `${label}: id ${old.id} is now ${now.id}`, at)
  if (old.name !== now.name) tell(context, 'field-renamed', `${from.label}${old.name}: now called ${now.name}`, at)
  if (!isUnion) compareRequiredness(old, now, (rule, text) => tell(context, rule, `${label}: ${text}`, at))
  compareDefaults([old, now], at, { label, context })
}

function compareRequiredness(old: Field, now: Field, say: (rule: RuleName, text: string) => void): void {
  const words = { required: 'required', optional: 'optional', default: 'without a keyword' }
  const [was, is] = [old.requiredness, now.requiredness]
  const text = `was ${words[was]}, is now ${words[is]}`
  if (was !== 'required' && is === 'required') return say('field-made-required', text)
  if (was === 'required' && is !== 'required') return say('field-no-longer-required', text)
  if (isAlwaysThere(old) !== isAlwaysThere(now)) {
    return say('presence-changed', isAlwaysThere(now) ? 'may no longer be absent' : 'may be absent now')
  }
  if (was !== is) say('requiredness-reworded', text)
}

export interface Where {
  readonly from: Owner
  readonly field?: Field
  readonly to: Owner
  readonly other?: Field
}

/** What is said of a field, and in which words. */
export interface Telling {
  readonly label: string
  readonly context: Context
}

/** Tells what became of a field's type; answers whether its bytes still mean the same. */
export function compareFieldType([old, now]: readonly [Field, Field], at: Where, { label, context }: Telling): boolean {
  const change = compareTypes(old, now, context.pairs)
  if (change === 'same') return true
  const [was, is] = [printType(old.type, at.from.program), printType(now.type, at.to.program)]
  const text = was === is ? 'js.type changed' : `${was} is now ${is}`
  if (change === 'different' && old.name !== now.name) {
    tell(context, 'field-id-reused', `${label}: id ${now.id} was ${was} ${old.name}, is now ${is} ${now.name}`, at)
    return false
  }
  tell(context, change === 'different' ? 'field-type-changed' : change, `${label}: ${text}`, at)
  return change !== 'different'
}

export function compareDefaults([old, now]: readonly [Field, Field], at: Where, { label, context }: Telling): void {
  if (isSameValue(old.default, now.default)) return
  const text = (value: Value | undefined, owner: Owner): string =>
    value === undefined ? 'none' : printValue(value, owner.program)
  const change = `default ${text(old.default, at.from)} is now ${text(now.default, at.to)}`
  tell(context, 'default-changed', `${label}: ${change}`, at)
}

/** Reports with the places of the field, or of its owner where it is not there. */
export function tell({ report, ways }: Context, rule: RuleName, what: string, at: Where): void {
  const { from, field, to, other } = at
  report.add(rule, what, {
    old: { program: from.program, position: (field ?? from).position },
    now: { program: to.program, position: (other ?? to).position },
    ways,
  })
}

export function isSameValue(old: Value | undefined, now: Value | undefined): boolean {
  if (old === undefined || now === undefined) return old === now
  return keyOf(old) === keyOf(now)
}

/** What travels of a value: of an enum's member its number. */
function keyOf(value: Value): string {
  switch (value.kind) {
    case 'member':
      return String(value.member.value)
    case 'list':
    case 'set':
      return `[${value.items.map(keyOf).join()}]`
    case 'map':
      return `{${value.entries.map(([key, item]) => `${keyOf(key)}:${keyOf(item)}`).join()}}`
    case 'struct':
      return `{${[...value.fields].map(([name, item]) => `${name}:${keyOf(item)}`).join()}}`
    case 'double':
      return Object.is(value.value, -0) ? '-0' : String(value.value)
    case 'integer':
    case 'bool':
      return String(value.value)
    default:
      return JSON.stringify(value.value)
  }
}

function ownerOf({ name, program, position, fields }: Struct): Owner {
  return { label: `${name}.`, program, position, fields }
}
