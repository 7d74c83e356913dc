/**
 * The straight-line bodies of `write` and `read`: one for each struct, the same for every codec.
 *
 * Invariant: what is read has one shape; local variables hide nothing that the body uses.
 */
import { isAlwaysThere, plain, plainOf, type Plain } from '../idl/plain.ts'
import type { Field, Type } from '../idl/program.ts'
import { type FileContext, isReserved } from './file.ts'
import { label, mutableText, typeText, wireType } from './types.ts'
import { literalText, zeroText } from './values.ts'

/** Writes `expression` as the field's value. */
export function writeField(field: Field, expression: string, file: FileContext): string[] {
  const type = plainOf(field)
  switch (type.kind) {
    case 'base':
      return [`w.${type.name}(${field.id}, ${expression})`]
    case 'enum':
      return [`w.enum(${field.id}, ${expression}, ${file.name(type.definition)})`]
    case 'list':
    case 'set':
      return [
        `w.${type.kind}(${field.id}, ${elementWire(type)}, ${expression}.${sizeOf(type)})`,
        ...writeItems(type, { expression, depth: 1, file }),
      ]
    case 'map':
      return [
        `w.map(${field.id}, ${mapWire(type)}, ${expression}.size)`,
        ...writeItems(type, { expression, depth: 1, file }),
      ]
    default:
      return [`w.struct(${field.id}, ${expression}, ${file.name(type.definition)})`]
  }
}

type Container = Extract<Plain, { kind: 'list' | 'set' | 'map' }>

function elementWire(type: Extract<Plain, { kind: 'list' | 'set' }>): number {
  return wireType(plain(type.element))
}

function mapWire(type: Extract<Plain, { kind: 'map' }>): string {
  return `${wireType(plain(type.key))}, ${wireType(plain(type.value))}`
}

function sizeOf(type: Container): string {
  return type.kind === 'list' ? 'length' : 'size'
}

interface Loop {
  readonly expression: string
  readonly depth: number
  readonly file: FileContext
}

function writeItems(type: Container, { expression, depth, file }: Loop): string[] {
  const item = numbered('item', depth)
  const inner = { expression: item, depth: depth + 1, file }
  if (type.kind !== 'map') return loop(`for (const ${item} of ${expression})`, writeElement(type.element, inner))
  const key = numbered('key', depth)
  return loop(`for (const [${key}, ${item}] of ${expression})`, [
    ...writeElement(type.key, { expression: key, depth: depth + 1, file }),
    ...writeElement(type.value, inner),
  ])
}

function writeElement(type: Type, at: Loop): string[] {
  const { expression, file } = at
  const seen = plain(type)
  switch (seen.kind) {
    case 'base':
      return [`w.put.${seen.name}(${expression})`]
    case 'enum':
      return [`w.put.enum(${expression}, ${file.name(seen.definition)})`]
    case 'list':
    case 'set':
      return [`w.put.${seen.kind}(${elementWire(seen)}, ${expression}.${sizeOf(seen)})`, ...writeItems(seen, at)]
    case 'map':
      return [`w.put.map(${mapWire(seen)}, ${expression}.size)`, ...writeItems(seen, at)]
    default:
      return [`${file.name(seen.definition)}.write(w, ${expression})`]
  }
}

/** Reads a value that needs no statements; undefined for a container. */
export function readExpression(type: Plain, file: FileContext): string | undefined {
  switch (type.kind) {
    case 'base':
      return `r.${type.name}()`
    case 'enum': {
      // Of an enum without members the compiler would infer `number`.
      const none = type.definition.members.length === 0 ? '<never>' : ''
      return `r.enum${none}(${file.name(type.definition)})`
    }
    case 'list':
    case 'set':
    case 'map':
      return undefined
    default:
      return `${file.name(type.definition)}.read(r)`
  }
}

/** Fills the container `target`, which is empty. */
export function readItems(type: Container, { expression: target, depth, file }: Loop): string[] {
  const left = numbered('left', depth)
  if (type.kind !== 'map') {
    const add = type.kind === 'list' ? 'push' : 'add'
    const value = readElement(type.element, { name: 'item', depth, file })
    return loop(`for (let ${left} = r.${type.kind}(${elementWire(type)}); ${left} > 0; ${left}--)`, [
      ...value.lines,
      `${target}.${add}(${value.expression})`,
    ])
  }
  const key = readElement(type.key, { name: 'key', depth, file })
  const item = readElement(type.value, { name: 'item', depth, file })
  const lines = [...key.lines]
  // The key is on the wire first, so it must be read first.
  if (item.lines.length > 0 && key.lines.length === 0) lines.push(`const ${numbered('key', depth)} = ${key.expression}`)
  const keyText = item.lines.length > 0 && key.lines.length === 0 ? numbered('key', depth) : key.expression
  return loop(`for (let ${left} = r.map(${mapWire(type)}); ${left} > 0; ${left}--)`, [
    ...lines,
    ...item.lines,
    `${target}.set(${keyText}, ${item.expression})`,
  ])
}

function readElement(
  type: Type,
  { name, depth, file }: { readonly name: string; readonly depth: number; readonly file: FileContext },
): { readonly lines: string[]; readonly expression: string } {
  const seen = plain(type)
  const expression = readExpression(seen, file)
  if (expression !== undefined) return { lines: [], expression }
  const local = numbered(name, depth)
  const container = seen as Container
  return {
    lines: [
      `const ${local}: ${mutableText(seen, type, file)} = ${zeroText(seen, file)}`,
      ...readItems(container, { expression: local, depth: depth + 1, file }),
    ],
    expression: local,
  }
}

/** Local variables of a `read`, one for each field. */
export class Locals {
  private readonly names = new Map<Field, string>()

  constructor(fields: readonly Field[], file: FileContext) {
    const taken = new Set(['r', 'w', 'value', 'outer', 'field', 'fields', 'globalThis', 'undefined'])
    for (const field of fields) {
      let name = field.name
      while (
        taken.has(name) ||
        isReserved(name) ||
        file.hides(name) ||
        /^(left|item|key)\d*$|^items$/.test(name) ||
        globals.has(name)
      )
        name += '_'
      taken.add(name)
      this.names.set(field, name)
    }
  }

  name(field: Field): string {
    return this.names.get(field) as string
  }
}

const globals: ReadonlySet<string> = new Set(['Map', 'Set', 'Uint8Array', 'Infinity'])

/** The statements between `begin` and the value: variables, loop, and the check of required fields. */
export function readFields(fields: readonly Field[], locals: Locals, file: FileContext, self: string): string[] {
  const lines = [`const outer = r.begin(${self})`]
  for (const field of fields) lines.push(declaration(field, locals.name(field), file))
  lines.push('for (let field = r.next(); field !== 0; field = r.next()) {')
  if (fields.length === 0)
    lines[lines.length - 1] = 'for (let field = r.next(); field !== 0; field = r.next()) r.skip()'
  else if (fields.length === 1 && readExpression(plainOf(fields[0] as Field), file) !== undefined) {
    const [field] = fields as [Field]
    lines.push(
      `  if (field === ${label(field)}) ${locals.name(field)} = ${readExpression(plainOf(field), file)}`,
      '  else r.skip()',
      '}',
    )
  } else {
    lines.push('  switch (field) {')
    for (const field of fields) lines.push(...readCase(field, locals.name(field), file).map((line) => `    ${line}`))
    lines.push('    default: r.skip()', '  }', '}')
  }
  lines.push('r.end(outer)')
  for (const field of fields) {
    if (field.requiredness !== 'required') continue
    lines.push(`if (${locals.name(field)} === undefined) throw ${file.use('missing')}(${self}, '${field.name}')`)
  }
  return lines
}

function declaration(field: Field, local: string, file: FileContext): string {
  const type = plainOf(field)
  const isContainer = type.kind === 'list' || type.kind === 'set' || type.kind === 'map'
  const text = isContainer ? mutableText(type, field.type, file) : typeText(field.type, file, field.annotations)
  if (field.requiredness === 'required' || !isAlwaysThere(field)) return `let ${local}: ${text} | undefined`
  if (field.default !== undefined) {
    // A default may be shared by no two values, so it is made anew, and may be of the readonly type.
    return `let ${local}: ${typeText(field.type, file, field.annotations)} = ${literalText(field.default, type, file)}`
  }
  const zero = zeroText(type, file)
  if (isContainer && type.kind !== 'list')
    return `let ${local} = ${zero.replace('()', `<${mutableText(type, field.type, file).replace(/^[^<]*<|>$/g, '')}>()`)}`
  const isInferred = type.kind === 'base' && type.name !== 'binary' && type.name !== 'uuid' && !isTypedef(field.type)
  return isInferred ? `let ${local} = ${zero}` : `let ${local}: ${text} = ${zero}`
}

function isTypedef(type: Type): boolean {
  return type.kind === 'named' && type.definition.kind === 'typedef'
}

function readCase(field: Field, local: string, file: FileContext): string[] {
  const type = plainOf(field)
  const expression = readExpression(type, file)
  if (expression !== undefined) return [`case ${label(field)}: ${local} = ${expression}; break`]
  const container = type as Container
  if (field.default !== undefined) {
    // The variable is of the readonly type, and what it holds is the IDL's default.
    const filled = 'items'
    return [
      `case ${label(field)}: {`,
      `  const ${filled}: ${mutableText(type, field.type, file)} = ${zeroText(type, file)}`,
      ...readItems(container, { expression: filled, depth: 1, file }).map((line) => `  ${line}`),
      `  ${local} = ${filled}`,
      '  break',
      '}',
    ]
  }
  return [
    `case ${label(field)}:`,
    `  ${local} = ${zeroText(type, file)}`,
    ...readItems(container, { expression: local, depth: 1, file }).map((line) => `  ${line}`),
    '  break',
  ]
}

function loop(head: string, body: readonly string[]): string[] {
  const only = body.length === 1 ? `${head} ${body[0]}` : undefined
  if (only !== undefined && only.length <= 100) return [only]
  return [`${head} {`, ...body.map((line) => `  ${line}`), '}']
}

function numbered(name: string, depth: number): string {
  return depth === 1 ? name : `${name}${depth}`
}
