/**
 * Constants and defaults: from what is written to a value of the type that the place wants.
 *
 * Invariant: a value that is answered fits its type; one that does not has been reported.
 */
import { isBefore, Reporter } from './diagnostic.ts'
import type { BaseName, Const, Definition, Enum, Struct, Type, Value } from './program.ts'
import { memberNamed, memberNumbered, type Scope } from './scope.ts'
import type { ValueTree } from './tree.ts'
import { seenThrough } from './types.ts'

export interface ValueContext {
  readonly scope: Scope
  readonly reporter: Reporter
  /** Whether the definition stands before this place: a later one has no values yet. */
  readonly isDefined: (definition: Definition) => boolean
}

type NameTree = Extract<ValueTree, { kind: 'integer' | 'double' | 'string' | 'name' }>
type Seen = Exclude<Type, { kind: 'named' }>

const bits: ReadonlyMap<BaseName, number> = new Map([
  ['i8', 8],
  ['i16', 16],
  ['i32', 32],
  ['i64', 64],
])

/** `tree` as a value of `type`; undefined if it is none, which has been reported. */
export function valueOf(tree: ValueTree, type: Type, context: ValueContext): Value | undefined {
  let seen = type
  while (seen.kind === 'named') {
    const { definition } = seen
    if (!context.isDefined(definition)) {
      const isLater = isBefore(tree.position, definition.position)
      context.reporter.error('forward-value', tree, [
        `${definition.name} is not complete here, so it has no values yet`,
        isLater ? `move ${definition.name} above` : 'leave it out: nothing holds itself by default',
      ])
      return undefined
    }
    if (definition.kind === 'enum') return enumValue(tree, definition, context)
    if (definition.kind !== 'typedef') return structValue(tree, definition, context)
    seen = definition.type
  }
  if (tree.kind === 'name') return namedValue(tree, seen, context)
  return seen.kind === 'base' ? baseValue(tree, seen.name, context) : containerValue(tree, seen, context)
}

// --- names

/** What a constant was written as, names of other constants seen through: it may be wanted as another type. */
const written = new WeakMap<Const, { readonly tree: ValueTree; readonly context: ValueContext }>()

/** The value of a constant, which later ones may then refer to. */
export function constantValue(constant: Const, tree: ValueTree, context: ValueContext): Value | undefined {
  const value = valueOf(tree, constant.type, context)
  const other = tree.kind === 'name' ? context.scope.constant(tree.text) : undefined
  const origin = (other && written.get(other)) ?? { tree, context }
  if (value !== undefined) written.set(constant, origin)
  return value
}

function namedValue(tree: NameTree, type: Seen, context: ValueContext): Value | undefined {
  const constant = context.scope.constant(tree.text)
  if (constant !== undefined) return valueOfConstant(constant, tree, type, context)
  const found = context.scope.member(tree.text)
  if (found === undefined) return unknown(tree, context)
  const value = BigInt(found.member.value)
  if (type.kind === 'base' && type.name === 'bool') return { kind: 'bool', value: value > 0n }
  if (type.kind === 'base' && type.name === 'double') return { kind: 'double', value: found.member.value }
  if (type.kind === 'base' && bits.has(type.name)) return integerValue(tree, value, { name: type.name, context })
  return wrong(tree, type, context)
}

function valueOfConstant(constant: Const, tree: NameTree, type: Seen, context: ValueContext): Value | undefined {
  const origin = written.get(constant)
  if (origin === undefined) return undefined // It has an error of its own.
  const declared = seenThrough(constant.type)
  if (declared.kind === 'named') {
    context.reporter.error('wrong-value', tree, [
      `${tree.text} is of type ${declared.definition.name}, and no value of ${typeName(type)}`,
      constant.value.kind === 'member' ? `write ${context.scope.memberText(constant.value)}` : undefined,
    ])
    return undefined
  }
  if (isSame(declared, type)) return constant.value
  // Looked at again for the type wanted here; what does not fit is reported here, not there.
  return valueOf(origin.tree, type, { ...origin.context, reporter: relocated(context.reporter, tree) })
}

function unknown(tree: NameTree, context: ValueContext): undefined {
  const near = context.scope.nearConstant(tree.text)
  let hint = near === undefined ? undefined : `did you mean ${near}?`
  if (/^(inf|infinity|nan)$/i.test(tree.text)) hint = 'write 1e999 for infinity; there is no NaN'
  if (/^(true|false)$/i.test(tree.text)) hint = `write ${tree.text.toLowerCase()}`
  context.reporter.error('unknown-constant', tree, [
    `there is no constant or enum member "${tree.text}" before this line`,
    hint,
  ])
}

/** Reports at `tree` whatever is found inside the constant that it names. */
function relocated(reporter: Reporter, tree: ValueTree): Reporter {
  const moved = new Reporter(reporter.file, reporter.diagnostics)
  moved.error = (code, _place, text) => reporter.error(code, tree, text)
  moved.warning = (code, _place, text) => reporter.warning(code, tree, text)
  return moved
}

/** Whether two types, typedefs seen through, have the same values. */
function isSame(a: Type, b: Type): boolean {
  const [x, y] = [seenThrough(a), seenThrough(b)]
  if (x.kind === 'base') return y.kind === 'base' && x.name === y.name
  if (x.kind === 'map') return y.kind === 'map' && isSame(x.key, y.key) && isSame(x.value, y.value)
  if (x.kind === 'named') return y.kind === 'named' && x.definition === y.definition
  return x.kind === y.kind && isSame(x.element, y.element)
}

// --- enums

function enumValue(tree: ValueTree, definition: Enum, context: ValueContext): Value | undefined {
  if (tree.kind === 'name') return memberValue(tree, definition, context)
  if (tree.kind !== 'integer') return wrongMember(tree, definition, context)
  const member = memberNumbered(definition, tree.integer)
  if (member !== undefined) return { kind: 'member', enum: definition, member }
  context.reporter.error('no-member', tree, [
    `${definition.name} has no member with the number ${tree.integer}`,
    offered(definition),
  ])
  return undefined
}

/**
 * As Apache's compiler has it: what counts is what stands behind the first dot, or behind the second if there is one. It
 * does not look at what stands before.
 */
function memberValue(tree: NameTree, definition: Enum, context: ValueContext): Value | undefined {
  const words = tree.text.split('.')
  const member = memberNamed(definition, words.slice(words.length > 2 ? 2 : 1).join('.'))
  if (member === undefined) return wrongMember(tree, definition, context)
  const value = { kind: 'member', enum: definition, member } as const
  const prefix = tree.text.slice(0, -member.name.length - 1)
  const type = context.scope.type(prefix)
  const isOwn = prefix === definition.name || (type !== undefined && isEnum(type, definition))
  if (!isOwn) {
    const text = context.scope.memberText(value)
    context.reporter.warning('misqualified-member', tree, [`${tree.text} is taken for ${text}`, `write ${text}`])
  }
  return value
}

function isEnum(type: Definition, definition: Enum): boolean {
  if (type.kind !== 'typedef') return type === definition
  const seen = seenThrough(type.type)
  return seen.kind === 'named' && seen.definition === definition
}

function wrongMember(tree: ValueTree, definition: Enum, context: ValueContext): undefined {
  const { scope, reporter } = context
  const word = tree.kind === 'name' || tree.kind === 'string' ? tree.text.slice(tree.text.lastIndexOf('.') + 1) : ''
  const near = scope.alike(word, () => definition.members.map(({ name }) => name))
  const constant = tree.kind === 'name' ? scope.constant(tree.text) : undefined
  const member = constant?.value.kind === 'member' ? constant.value.member : near && memberNamed(definition, near)
  const what =
    constant === undefined
      ? `${shown(tree)} is no member of ${definition.name}`
      : `${shown(tree)} is a constant, and no member of ${definition.name}`
  const hint = member ? `write ${scope.memberText({ enum: definition, member })}` : offered(definition)
  reporter.error('no-member', tree, [what, hint])
}

function offered({ members }: Enum): string {
  const few = members.slice(0, 8).map(({ name, value }) => `${name} = ${value}`)
  return members.length === 0 ? 'it has none' : `it has ${few.join(', ')}${members.length > few.length ? ', ...' : ''}`
}

// --- base types

function baseValue(tree: ValueTree, name: BaseName, context: ValueContext): Value | undefined {
  const want = (hint?: string): undefined => {
    context.reporter.error('wrong-value', tree, [`${shown(tree)} is no value of type ${name}`, hint])
  }
  switch (name) {
    case 'bool':
      return tree.kind === 'integer' ? { kind: 'bool', value: tree.integer > 0n } : want('write true or false')
    case 'double':
      if (tree.kind === 'integer') return { kind: 'double', value: Number(tree.integer) }
      return tree.kind === 'double' ? { kind: 'double', value: Number(tree.text) } : want()
    case 'string':
    case 'binary':
      if (tree.kind === 'string') return { kind: name, value: tree.text }
      return want(tree.kind === 'integer' || tree.kind === 'double' ? `write "${tree.text}"` : undefined)
    case 'uuid': {
      const text = tree.kind === 'string' ? tree.text.replace(/^\{(.*)\}$/, '$1').toLowerCase() : ''
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
        ? { kind: 'uuid', value: text }
        : want('such as "00112233-4455-6677-8899-aabbccddeeff"')
    }
    default:
      return tree.kind === 'integer' ? integerValue(tree, tree.integer, { name, context }) : want()
  }
}

/** One that is too large wraps, as it does in Apache's C++ and Java: files live with it. */
function integerValue(
  tree: ValueTree,
  value: bigint,
  { name, context }: { readonly name: BaseName; readonly context: ValueContext },
): Value {
  const wrapped = BigInt.asIntN(bits.get(name) as number, value)
  if (wrapped !== value) {
    const most = 2n ** BigInt((bits.get(name) as number) - 1) - 1n
    context.reporter.warning('out-of-range', tree, [
      `${value} does not fit into ${name} and becomes ${wrapped}, as it does in C++ and Java`,
      `an ${name} holds ${-most - 1n} to ${most}`,
    ])
  }
  return { kind: 'integer', value: wrapped }
}

// --- structs and containers

function structValue(tree: ValueTree, struct: Struct, context: ValueContext): Value | undefined {
  if (tree.kind !== 'map') {
    context.reporter.error('wrong-value', tree, [
      `${shown(tree)} is no value of ${struct.name}`,
      tree.kind === 'name'
        ? 'a constant cannot stand for a struct: write { "field": value }'
        : 'write { "field": value }',
    ])
    return undefined
  }
  const fields = new Map<string, Value>()
  for (const [key, item] of tree.entries) {
    const field = struct.fields.find(({ name }) => key.kind === 'string' && name === key.text)
    if (field === undefined) {
      context.reporter.error('no-field', key, [
        `${struct.name} has no field ${shown(key)}`,
        fieldHint(key, struct, context.scope),
      ])
      continue
    }
    const value = valueOf(item, field.type, context)
    if (value !== undefined) fields.set(field.name, value)
  }
  // A union of which nothing is said holds its default, if it has one.
  const chosen = struct.kind === 'union' && fields.size === 0 ? struct.fields.find((field) => field.default) : undefined
  if (chosen?.default !== undefined) fields.set(chosen.name, chosen.default)
  return { kind: 'struct', struct, fields }
}

function fieldHint(key: ValueTree, { fields }: Struct, scope: Scope): string {
  const names = fields.map(({ name }) => name)
  if (key.kind === 'name' && names.includes(key.text)) return `write the name as a string: "${key.text}"`
  const near = key.kind === 'string' || key.kind === 'name' ? scope.alike(key.text, () => names) : undefined
  if (near !== undefined) return `did you mean "${near}"?`
  return names.length === 0 ? 'it has none' : `it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`
}

function containerValue(
  tree: ValueTree,
  type: Exclude<Seen, { kind: 'base' }>,
  context: ValueContext,
): Value | undefined {
  const isEmpty =
    (tree.kind === 'list' && tree.items.length === 0) || (tree.kind === 'map' && tree.entries.length === 0)
  if (type.kind === 'map') {
    if (isEmpty) return { kind: 'map', entries: [] }
    if (tree.kind !== 'map') return wrong(tree, type, context)
    const entries = tree.entries.flatMap(([key, item]) => {
      const k = valueOf(key, type.key, context)
      const v = valueOf(item, type.value, context)
      return k === undefined || v === undefined ? [] : [[k, v] as const]
    })
    return { kind: 'map', entries }
  }
  if (isEmpty) return { kind: type.kind, items: [] }
  if (tree.kind !== 'list') return wrong(tree, type, context)
  return { kind: type.kind, items: tree.items.flatMap((item) => valueOf(item, type.element, context) ?? []) }
}

function wrong(tree: ValueTree, type: Seen, context: ValueContext): undefined {
  const form = { base: undefined, list: 'write [a, b]', set: 'write [a, b]', map: 'write {key: value}' }[type.kind]
  context.reporter.error('wrong-value', tree, [`${shown(tree)} is no value of ${typeName(type)}`, form])
}

function typeName(type: Seen): string {
  return type.kind === 'base' ? type.name : `a ${type.kind}`
}

function shown(tree: ValueTree): string {
  if (tree.kind === 'list') return 'a list'
  if (tree.kind === 'map') return 'a map'
  return tree.kind === 'string' ? JSON.stringify(tree.text) : tree.text
}

// --- how much a value is

interface Weight {
  /** How many values it is made of, those it refers to and defaults that it takes included. */
  readonly size: number
  readonly depth: number
}

const weights = new WeakMap<Value, Weight>()

/** Values are shared, so a short text may stand for an endless one: written out it would be this large. */
export function weightOf(value: Value): Weight {
  const known = weights.get(value)
  if (known !== undefined) return known
  const weight = sum([...parts(value)].map(weightOf))
  weights.set(value, weight)
  return weight
}

function* parts(value: Value): Generator<Value> {
  if (value.kind === 'list' || value.kind === 'set') yield* value.items
  else if (value.kind === 'map') for (const entry of value.entries) yield* entry
  else if (value.kind === 'struct') {
    for (const { name, default: given } of value.struct.fields) {
      const part = value.fields.get(name) ?? given
      if (part !== undefined) yield part
    }
  }
}

function sum(weights: readonly Weight[]): Weight {
  let [size, depth] = [1, 1]
  for (const weight of weights) {
    size += weight.size
    depth = Math.max(depth, weight.depth + 1)
  }
  return { size, depth }
}
