/**
 * Constants and defaults: from what is written to a value of the type that the place wants.
 *
 * Invariant: a value that is answered fits its type; one that does not has been reported.
 */
import { Reporter } from './diagnostic.ts'
import type { BaseName, Const, Struct, Type, Value } from './program.ts'
import type { Scope } from './scope.ts'
import type { ValueTree } from './tree.ts'

export interface ValueContext {
  readonly scope: Scope
  readonly reporter: Reporter
  /** What a constant was written as, for one that is used where another type is wanted. */
  readonly written: ReadonlyMap<Const, { readonly tree: ValueTree; readonly context: ValueContext }>
}

const ranges: Readonly<Partial<Record<BaseName, readonly [bigint, bigint]>>> = {
  i8: [-(2n ** 7n), 2n ** 7n - 1n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
}

/** `tree` as a value of `type`; undefined if it is none, which has been reported. */
export function valueOf(tree: ValueTree, type: Type, context: ValueContext): Value | undefined {
  if (type.kind === 'named' && type.definition.kind === 'typedef') return valueOf(tree, type.definition.type, context)
  if (tree.kind === 'name') return namedValue(tree, type, context)
  if (type.kind === 'base') return baseValue(tree, type.name, context)
  if (type.kind === 'named') {
    return type.definition.kind === 'enum'
      ? enumValue(tree, type, context)
      : structValue(tree, type.definition as Struct, context)
  }
  return containerValue(tree, type, context)
}

type NameTree = ValueTree & { readonly text: string }
type EnumType = Type & { kind: 'named' }

function namedValue(tree: NameTree, type: Type, context: ValueContext): Value | undefined {
  const constant = context.scope.constant(tree.text)
  if (constant !== undefined) {
    const written = context.written.get(constant)
    if (written === undefined) return undefined // It has an error of its own.
    // Looked at again for the type wanted here; what does not fit is reported here, not there.
    const reporter = relocated(context.reporter, tree)
    return valueOf(written.tree, type, { ...written.context, reporter })
  }
  const found = context.scope.member(tree.text)
  if (found !== undefined) {
    if (type.kind === 'named' && type.definition === found.enum) return { kind: 'member', ...found }
    if (type.kind === 'base' && ranges[type.name] !== undefined)
      return integerValue(tree, BigInt(found.member.value), { name: type.name, context })
    return wrong(tree, type, context)
  }
  const near = context.scope.nearConstant(tree.text)
  context.reporter.error('unknown-constant', tree, [
    `there is no constant or enum member "${tree.text}" before this line`,
    near === undefined ? undefined : `did you mean ${near}?`,
  ])
  return undefined
}

/** Reports at `tree` whatever is found inside the constant that it names. */
function relocated(reporter: Reporter, tree: ValueTree): Reporter {
  const moved = new Reporter(reporter.file, reporter.diagnostics)
  moved.error = (code, _place, text) => reporter.error(code, tree, text)
  return moved
}

function baseValue(tree: ValueTree, name: BaseName, context: ValueContext): Value | undefined {
  const want = (): undefined => {
    context.reporter.error('wrong-value', tree, [`${shown(tree)} is no value of type ${name}`])
    return undefined
  }
  switch (name) {
    case 'bool':
      return tree.kind === 'integer' ? { kind: 'bool', value: tree.integer > 0n } : want()
    case 'double':
      if (tree.kind === 'integer') return { kind: 'double', value: Number(tree.integer) }
      return tree.kind === 'double' ? { kind: 'double', value: Number(tree.text) } : want()
    case 'string':
    case 'binary':
      return tree.kind === 'string' ? { kind: name, value: tree.text } : want()
    case 'uuid': {
      const text = tree.kind === 'string' ? tree.text.replace(/^\{(.*)\}$/, '$1').toLowerCase() : ''
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? { kind: 'uuid', value: text } : want()
    }
    default:
      return tree.kind === 'integer' ? integerValue(tree, tree.integer, { name, context }) : want()
  }
}

function integerValue(
  tree: ValueTree,
  value: bigint,
  of: { readonly name: BaseName; readonly context: ValueContext },
): Value | undefined {
  const [least, most] = ranges[of.name] ?? [value, value]
  if (value >= least && value <= most) return { kind: 'integer', value }
  of.context.reporter.error('out-of-range', tree, [
    `${value} does not fit into ${of.name}, which holds ${least} to ${most}`,
  ])
  return undefined
}

function enumValue(tree: ValueTree, type: EnumType, context: ValueContext): Value | undefined {
  const { definition } = type
  if (tree.kind !== 'integer' || definition.kind !== 'enum') return wrong(tree, type, context)
  const member = definition.members.find(({ value }) => BigInt(value) === tree.integer)
  if (member !== undefined) return { kind: 'member', enum: definition, member }
  context.reporter.error('no-member', tree, [
    `${definition.name} has no member with the number ${tree.integer}`,
    `it has ${definition.members.map(({ name, value }) => `${name} = ${value}`).join(', ')}`,
  ])
  return undefined
}

function structValue(tree: ValueTree, struct: Struct, context: ValueContext): Value | undefined {
  if (tree.kind === 'list' && tree.items.length === 0) return { kind: 'struct', struct, fields: new Map() }
  if (tree.kind !== 'map') {
    context.reporter.error('wrong-value', tree, [
      `${shown(tree)} is no value of ${struct.name}`,
      'write { "field": value, ... }',
    ])
    return undefined
  }
  const fields = new Map<string, Value>()
  for (const [key, item] of tree.entries) {
    const field = struct.fields.find(({ name }) => key.kind === 'string' && name === key.text)
    if (field === undefined) {
      context.reporter.error('no-field', key, [
        `${struct.name} has no field ${shown(key)}`,
        `its fields are ${struct.fields.map(({ name }) => name).join(', ')}`,
      ])
      continue
    }
    const value = valueOf(item, field.type, context)
    if (value !== undefined) fields.set(field.name, value)
  }
  return { kind: 'struct', struct, fields }
}

function containerValue(
  tree: ValueTree,
  type: Exclude<Type, { kind: 'base' | 'named' }>,
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

function wrong(tree: ValueTree, type: Type, context: ValueContext): undefined {
  const name = type.kind === 'base' ? type.name : type.kind === 'named' ? type.definition.name : type.kind
  const hint =
    type.kind === 'named' && type.definition.kind === 'enum'
      ? `write ${type.definition.name}.${type.definition.members[0]?.name ?? 'MEMBER'}`
      : undefined
  context.reporter.error('wrong-value', tree, [`${shown(tree)} is no value of ${name}`, hint])
  return undefined
}

function shown(tree: ValueTree): string {
  if (tree.kind === 'list') return 'a list'
  if (tree.kind === 'map') return 'a map'
  return tree.kind === 'string' ? JSON.stringify(tree.text) : tree.text
}
