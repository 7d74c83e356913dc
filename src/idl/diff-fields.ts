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
  /** `Work`, or `Bank.debit`. */
  readonly label: string
  readonly program: Program
  readonly position: Position
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
  const word = isUnion ? 'arm' : 'field'
  const { same, removed, added } = match(old.fields, now.fields)
  for (const [field, other] of same) {
    const at = { from, field, to, other }
    const isSame = compareField(at, { name: (one) => `${to.label}.${one}`, renamed: 'field-renamed', context })
    if (isSame && !isUnion) compareRequiredness(at, `${to.label}.${other.name}`, context)
  }
  for (const field of removed) {
    const rule = isUnion
      ? 'arm-removed'
      : field.requiredness === 'required'
        ? 'required-field-removed'
        : 'field-removed'
    tell(context, rule, `${from.label}.${field.name}: ${word} ${field.id} removed`, { from, field, to })
  }
  for (const other of added) {
    const text = `${to.label}.${other.name}: ${word} ${other.id} added`
    tell(context, isUnion ? 'arm-added' : ruleOfAdded(other), text, { from, to, other })
  }
}

function ruleOfAdded(field: Field): RuleName {
  if (field.requiredness === 'required') return 'required-field-added'
  return isAlwaysThere(field) ? 'field-added' : 'optional-field-added'
}

/** A field or an argument in both versions. */
export type Both = Required<Where>

/** How a field is named, and what it is called when it is called otherwise. */
export interface Telling {
  readonly name: (field: string) => string
  readonly renamed: RuleName
  readonly context: Context
}

/** Tells what became of a field or an argument; answers whether it still is one. */
export function compareField(at: Both, { name, renamed, context }: Telling): boolean {
  const { field: old, other: now } = at
  const label = name(now.name)
  const change = compareTypes(old, now, context.pairs)
  if (change !== 'same') {
    const [was, is] = [printType(old.type, at.from.program), printType(now.type, at.to.program)]
    if (change === 'different' && old.name !== now.name) {
      tell(context, 'field-id-reused', `${label}: id ${now.id} was ${was} ${old.name}, is now ${is} ${now.name}`, at)
      return false
    }
    // The annotation may stand behind the name.
    const text = change === 'js-type-changed' && was === is ? 'js.type changed' : `${was} is now ${is}`
    tell(context, change === 'different' ? 'field-type-changed' : change, `${label}: ${text}`, at)
  }
  if (old.id !== now.id) tell(context, 'field-id-changed', `${label}: id ${old.id} is now ${now.id}`, at)
  if (old.name !== now.name) tell(context, renamed, `${name(old.name)}: now called ${now.name}`, at)
  compareDefaults(at, label, context)
  return true
}

function compareRequiredness(at: Both, label: string, context: Context): void {
  const { field: old, other: now } = at
  const words = { required: 'required', optional: 'optional', default: 'without a keyword' }
  const [was, is] = [old.requiredness, now.requiredness]
  const say = (rule: RuleName, text = `was ${words[was]}, is now ${words[is]}`): void =>
    tell(context, rule, `${label}: ${text}`, at)
  if (was !== 'required' && is === 'required') return say('field-made-required')
  if (was === 'required' && is !== 'required') return say('field-no-longer-required')
  if (isAlwaysThere(old) !== isAlwaysThere(now)) {
    return say('presence-changed', isAlwaysThere(now) ? 'may no longer be absent' : 'may be absent now')
  }
  if (was !== is) say('requiredness-reworded')
}

export interface Where {
  readonly from: Owner
  readonly field?: Field
  readonly to: Owner
  readonly other?: Field
}

function compareDefaults(at: Both, label: string, context: Context): void {
  const [old, now] = [at.field.default, at.other.default]
  if (isSameValue(old, now)) return
  const text = (value: Value | undefined, owner: Owner): string =>
    value === undefined ? 'none' : printValue(value, owner.program)
  tell(context, 'default-changed', `${label}: default ${text(old, at.from)} is now ${text(now, at.to)}`, at)
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

function ownerOf({ name, program, position }: Struct): Owner {
  return { label: name, program, position }
}
