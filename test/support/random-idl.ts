/**
 * Random Thrift files, values that fit any type of a checked one, and generated code made to run.
 */
import { transformSync } from 'esbuild'
import fc from 'fast-check'
import { generate } from '../../src/codegen/generate.ts'
import { exceptionFieldName, structFieldName, unionKind } from '../../src/codegen/names.ts'
import { DeclaredException } from '../../src/errors/declared-exception.ts'
import { loadProgram } from '../../src/idl/load.ts'
import { allPrograms, includesOf } from '../../src/idl/includes.ts'
import { isAlwaysThere, plain, plainOf } from '../../src/idl/plain.ts'
import type { Annotations, Program, Struct, Type } from '../../src/idl/program.ts'
import * as stub from '../../src/rpc/stub-v1.ts'
import { scalarValues } from './typed-values.ts'

/** Checks texts by their file names; the first is the file that the others belong to. */
export function programOf(files: Readonly<Record<string, string>>): Program {
  const [main = ''] = Object.keys(files)
  const { program, diagnostics } = loadProgram(main, {
    read: (file) => files[file],
    resolve: (_, literal) => [literal],
  })
  if (program === undefined) throw new Error(`${JSON.stringify(diagnostics)}\n${files[main]}`)
  return program
}

/** What the generated files of a program and its includes export, by program. */
export function generated(program: Program): Map<Program, Readonly<Record<string, unknown>>> {
  const modules = new Map<Program, Record<string, unknown>>()
  for (const each of allPrograms(program)) {
    const text = generate(each, { importExtension: 'ts' })
    const { code } = transformSync(text, { loader: 'ts', format: 'cjs' })
    const module = { exports: {} }
    const load = (name: string): unknown => {
      if (name === 'oncewire/stub/v1') return stub
      const found = [...includesOf(each)].find(([literal]) => `./${literal.replace('.thrift', '.ts')}` === name)
      return found && modules.get(found[1])
    }
    // Text that our own generator has just written.
    // oxlint-disable-next-line no-implied-eval, no-new-func
    new Function('require', 'module', 'exports', code)(load, module, module.exports)
    modules.set(each, module.exports)
  }
  return modules
}

// --- values

/** An exception as a value, before it is of one class or another. */
export class Thrown {
  readonly definition: Struct
  readonly fields: Readonly<Record<string, unknown>>

  constructor(definition: Struct, fields: Readonly<Record<string, unknown>>) {
    this.definition = definition
    this.fields = fields
  }
}

/** Values of a type; structs deeper than `depth` are left out where they may be. */
export function valuesOf(type: Type, depth = 3, around?: Annotations): fc.Arbitrary<unknown> {
  const seen = plain(type, around)
  const items = (element: Type): fc.Arbitrary<unknown[]> =>
    depth > 0 ? fc.array(valuesOf(element, depth - 1), { maxLength: 3 }) : fc.constant([])
  switch (seen.kind) {
    case 'base':
      return scalarValues[seen.name]
    case 'enum':
      return fc.oneof(fc.constantFrom(0, ...seen.definition.members.map(({ value }) => value)), fc.integer())
    case 'list':
      return items(seen.element)
    case 'set':
      return items(seen.element).map((elements) => new Set(elements))
    case 'map':
      return fc
        .tuple(items(seen.key), items(seen.value))
        .map(([keys, values]) => new Map(keys.slice(0, values.length).map((key, i) => [key, values[i]])))
    default:
      return structValues(seen.definition, depth)
  }
}

function structValues(definition: Struct, depth: number): fc.Arbitrary<unknown> {
  const { kind, fields } = definition
  if (kind === 'union') {
    const shallow = fields.filter((field) => depth > 0 || !('definition' in plainOf(field)))
    if (shallow.length === 0) return fc.constant({ kind: 'unknown', id: 0 })
    return fc.oneof(
      ...shallow.map((field) =>
        valuesOf(field.type, depth - 1, field.annotations).map((value) => ({ kind: unionKind(field), value })),
      ),
    )
  }
  const entries = fields.map((field) => {
    const isLeftOut = depth <= 0 && !isAlwaysThere(field)
    const given = isLeftOut ? fc.constant(undefined) : valuesOf(field.type, depth - 1, field.annotations)
    const value = isAlwaysThere(field) || isLeftOut ? given : fc.option(given, { nil: undefined })
    return [kind === 'exception' ? field.name : structFieldName(field), value] as const
  })
  const values = fc.record(Object.fromEntries(entries))
  return kind === 'exception' ? values.map((given) => new Thrown(definition, given)) : values
}

/** A value whose exceptions are what `make` makes of them. */
export function withExceptions(value: unknown, make: (thrown: Thrown) => unknown): unknown {
  const inside = (item: unknown): unknown => withExceptions(item, make)
  const each = (fields: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).map(([name, item]) => [name, inside(item)]))
  if (value instanceof Thrown) return make(new Thrown(value.definition, each(value.fields)))
  if (Array.isArray(value)) return value.map(inside)
  if (value instanceof Set) return new Set([...value].map(inside))
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [inside(key), inside(item)]))
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (value instanceof DeclaredException) return value
  return each(value)
}

/** An exception as its generated class makes it. */
export function generatedException(
  modules: ReadonlyMap<Program, Readonly<Record<string, unknown>>>,
  { definition, fields }: Thrown,
): unknown {
  const made = modules.get(definition.program)?.[definition.name] as new (fields: object) => unknown
  return new made(Object.fromEntries(definition.fields.map((field) => [exceptionFieldName(field), fields[field.name]])))
}

// --- files

const baseTypes = ['bool', 'i8', 'i16', 'i32', 'i64', 'double', 'string', 'binary', 'uuid'] as const

function typeTexts(named: readonly string[]): fc.Arbitrary<string> {
  const { any } = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'type' },
      fc.constantFrom(...baseTypes, ...named),
      tie('any').map((element) => `list<${element}>`),
      tie('any').map((element) => `set<${element}>`),
      fc.tuple(tie('any'), tie('any')).map(([key, value]) => `map<${key}, ${value}>`),
    ),
  }))
  return any
}

const defaults: Readonly<Partial<Record<string, readonly string[]>>> = {
  bool: ['true', 'false'],
  i8: ['-128', '5'],
  i32: ['0x7f', '-1'],
  i64: ['9223372036854775807', '0'],
  double: ['-1.5E-3', '1e400', '3'],
  string: ['"it\'s \\"x\\"\\n"', '""'],
  binary: ['"é"'],
  Color: ['Color.RED', '7'],
  'list<string>': ['["a", "b"]', '[]'],
}

/** Fields with ids of their own; `words`: what may stand before the type. */
function fieldTexts(named: readonly string[], words: readonly string[], length: number): fc.Arbitrary<string> {
  const field = fc.record({
    // 500 is the message of an exception.
    id: fc.integer({ min: 1, max: 32767 }).filter((id) => id !== 500),
    type: fc.oneof(typeTexts(named), fc.constantFrom('list<string>', 'Color')),
    // A struct that must hold itself could not be made.
    word: fc.constantFrom(...words),
    chosen: fc.nat({ max: 3 }),
  })
  return fc.uniqueArray(field, { maxLength: length, selector: ({ id }) => id }).map((fields) =>
    fields
      .map(({ id, type, word, chosen }, n) => {
        const mayBeRequired = named.every((name) => name === 'Color' || !type.includes(name))
        const value = defaults[type]?.[chosen]
        const isNumber = type === 'i64' && chosen > 1
        const note = isNumber ? ' (js.type = "number")' : ''
        return `${id}: ${mayBeRequired ? word : ''} ${type} f${n}${value === undefined || word === 'arm' ? '' : ` = ${value}`}${note}`
      })
      .join(', '),
  )
}

const requiredness = ['', 'required', 'optional'] as const

/** A file with enums, structs that hold each other, unions, exceptions, an include and a service. */
export const idlFiles: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .record({
    other: fieldTexts(['Color'], requiredness, 3),
    one: fieldTexts(names(), requiredness, 6),
    two: fieldTexts(names(), requiredness, 4),
    arms: fc.array(typeTexts(names()), { maxLength: 3 }),
    oops: fieldTexts(names(), requiredness, 4),
    message: fc.constantFrom('', '500: string message', '500: optional string message', '500: string message = "m"'),
    args: fieldTexts(names(), [''], 4),
    returns: typeTexts(names()),
  })
  .map(({ other, one, two, arms, oops, message, args, returns }) => ({
    'main.thrift': `include "other.thrift"
enum Color { RED = 1, GREEN = 7, BLUE = -2147483648 }
typedef Two Alias
typedef i64 (js.type = "number") Ms
struct One { ${one} }
struct Two { ${two} }
union Either { 1: string text, ${arms.map((type, n) => `${n + 2}: ${type} a${n}`).join(', ')} }
exception Oops { ${[oops, message].filter((text) => text !== '').join(', ')} }
service Main extends other.Base {
  ${returns} f(${args}) throws (1: Oops oops) (delivery = "at-least-once"),
  oneway void g(1: i32 n),
}`,
    'other.thrift': `enum Color { RED = 1, GREEN = 7 }
struct Other { ${other} }
service Base { Other get(1: Other other) (delivery = "exactly-once", key = "other") }`,
  }))

function names(): readonly string[] {
  return ['Color', 'One', 'Two', 'Alias', 'Ms', 'Either', 'Oops', 'other.Other', 'other.Color']
}
