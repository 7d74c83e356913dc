/**
 * Structs, unions and exceptions as TypeScript.
 */
import { isAlwaysThere, plainOf, type Plain } from '../idl/plain.ts'
import type { Field, Struct } from '../idl/program.ts'
import { Locals, readExpression, readFields, readItems, writeField } from './body.ts'
import { docLines, type FileContext, indented, propertyName, quoted, wrapped } from './file.ts'
import { exceptionFieldName, fieldsInMessage, isErrorMessage, structFieldName, unionKind } from './names.ts'
import { label, mutableText, typeText } from './types.ts'
import { literalText, zeroText } from './values.ts'

/** An interface and a value of the same name. */
export function structText(struct: Struct, file: FileContext): string[] {
  const name = file.name(struct)
  const defaulted = struct.fields.filter((field) => field.default !== undefined)
  const keys = defaulted.map((field) => quoted(structFieldName(field))).join(' | ')
  const parameters = keys === '' ? name : `${name}, ${keys}`
  const type = `${file.use('Struct')}<${parameters}>`
  const locals = new Locals(struct.fields, file)
  return [
    ...docLines(struct.doc),
    ...block(
      `export interface ${name}`,
      struct.fields.flatMap((field) => property(field, structFieldName(field), file)),
    ),
    '',
    `export const ${name}: ${type} = /* @__PURE__ */ ${file.use('struct')}<${parameters}>({`,
    `  name: ${quoted(struct.name)},`,
    wrapped('fields:', labels(struct.fields), ',', '  '),
    ...(defaulted.length === 0 ? [] : indented([defaultsText(defaulted, file)])),
    '  write(w, value) {',
    ...indented(writeLines(struct.fields, { file, self: name, nameOf: structFieldName }), '    '),
    '  },',
    '  read(r) {',
    ...indented(readFields(struct.fields, locals, file, name), '    '),
    ...indented(
      [
        wrapped(
          'return',
          struct.fields.map((field) => shorthand(structFieldName(field), locals.name(field))),
          '',
        ),
      ],
      '    ',
    ),
    '  },',
    '})',
  ]
}

function defaultsText(fields: readonly Field[], file: FileContext): string {
  const items = fields.map(
    (field) => `${propertyName(structFieldName(field))}: ${literalText(field.default as never, plainOf(field), file)}`,
  )
  return wrapped('defaults: () => (', items, '),').replace('( {', '({')
}

function property(field: Field, name: string, file: FileContext): string[] {
  const type = typeText(field.type, file, field.annotations)
  const mark = isAlwaysThere(field) ? `: ${type}` : `?: ${type} | undefined`
  return [...docLines(field.doc), `readonly ${propertyName(name)}${mark}`]
}

interface Written {
  readonly file: FileContext
  readonly self: string
  readonly nameOf: (field: Field) => string
}

function writeLines(fields: readonly Field[], { file, self, nameOf }: Written): string[] {
  const lines = [`const outer = w.begin(${self})`]
  for (const field of fields) {
    const name = nameOf(field)
    const expression = `value${/^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${quoted(name)}]`}`
    const written = writeField(field, expression, file)
    const isOwnMessage = nameOf === exceptionFieldName && isErrorMessage(field) && !isAlwaysThere(field)
    if (isAlwaysThere(field)) lines.push(...written)
    else if (written.length === 1)
      lines.push(`if (${expression} !== ${isOwnMessage ? `''` : 'undefined'}) ${written[0]}`)
    else lines.push(`if (${expression} !== undefined) {`, ...indented(written), '}')
  }
  lines.push('w.end(outer)')
  // An empty struct has nothing to write of its value.
  if (fields.length === 0) lines.unshift('void value')
  return lines
}

function labels(fields: readonly Field[]): string[] {
  return fields.map((field) => `${propertyName(field.name)}: ${label(field)}`)
}

function shorthand(name: string, local: string): string {
  return name === local ? name : `${propertyName(name)}: ${local}`
}

/** One of its arms, told apart by `kind`, or one that this version does not know. */
export function unionText(union: Struct, file: FileContext): string[] {
  const name = file.name(union)
  const arms = union.fields.map((field) => {
    const doc = field.doc === undefined ? [] : docLines(field.doc)
    return [
      ...doc,
      `| { readonly kind: ${quoted(unionKind(field))}; readonly value: ${typeText(field.type, file, field.annotations)} }`,
    ]
  })
  return [
    ...docLines(union.doc),
    ...(arms.length === 0
      ? [`export type ${name} = ${file.use('UnknownField')}`]
      : [`export type ${name} =`, ...indented([...arms.flat(), `| ${file.use('UnknownField')}`])]),
    '',
    `export const ${name}: ${file.use('Struct')}<${name}> = /* @__PURE__ */ ${file.use('struct')}<${name}>({`,
    `  name: ${quoted(union.name)},`,
    wrapped('fields:', labels(union.fields), ',', '  '),
    '  write(w, value) {',
    ...indented(unionWrite(union, name, file), '    '),
    '  },',
    '  read(r) {',
    ...indented(unionRead(union, name, file), '    '),
    '  },',
    '})',
  ]
}

function unionWrite(union: Struct, name: string, file: FileContext): string[] {
  if (union.fields.length === 0) return [`w.unknown(${name}, value)`]
  const cases = union.fields.flatMap((field) => {
    const written = writeField(field, 'value.value', file)
    const head = `case ${quoted(unionKind(field))}:`
    return written.length === 1 ? [`${head} ${written[0]}; break`] : [head, ...indented([...written, 'break'])]
  })
  return [
    `const outer = w.begin(${name})`,
    'switch (value.kind) {',
    ...indented([...cases, `default: w.unknown(${name}, value)`]),
    '}',
    'w.end(outer)',
  ]
}

function unionRead(union: Struct, name: string, file: FileContext): string[] {
  const cases = union.fields.flatMap((field) => {
    const type = plainOf(field)
    const kind = quoted(unionKind(field))
    const expression = readExpression(type, file)
    if (expression !== undefined)
      return [`case ${label(field)}: value = { kind: ${kind}, value: ${expression} }; break`]
    return [
      `case ${label(field)}: {`,
      `  const items: ${mutableText(type, field.type, file)} = ${zeroText(type, file)}`,
      ...indented(
        readItems(type as Extract<Plain, { kind: 'list' | 'set' | 'map' }>, { expression: 'items', depth: 1, file }),
      ),
      `  value = { kind: ${kind}, value: items }`,
      '  break',
      '}',
    ]
  })
  const begin = [`const outer = r.begin(${name})`, `let value: ${name} | undefined`]
  const end = ['r.end(outer)', 'return value ?? r.unknown(0)']
  const head = 'for (let field = r.next(); field !== 0; field = r.next())'
  if (cases.length === 0) return [...begin, `${head} value = r.unknown(field)`, ...end]
  return [
    ...begin,
    `${head} {`,
    '  switch (field) {',
    ...indented([...cases, 'default: value = r.unknown(field)'], '    '),
    '  }',
    '}',
    ...end,
  ]
}

/** A class, so that `instanceof` tells it. */
export function exceptionText(exception: Struct, file: FileContext): string[] {
  const name = file.name(exception)
  const { fields } = exception
  const own = fields.filter((field) => !isErrorMessage(field))
  const message = fields.find(isErrorMessage)
  const locals = new Locals(fields, file)
  const given = fields.map((field) => `readonly ${parameter(field, file)}`)
  const created = wrapped(
    '',
    fields.map((field) => shorthand(exceptionFieldName(field), locals.name(field))),
    '',
  ).trimStart()
  return [
    ...docLines(exception.doc),
    `export class ${name} extends ${file.use('DeclaredException')} {`,
    `  override readonly name = ${quoted(exception.name)}`,
    ...(message === undefined ? [] : ['  declare readonly message: string']),
    ...indented(own.flatMap((field) => property(field, exceptionFieldName(field), file))),
    '',
    ...constructorHead(given, file),
    `    super(${messageText(exception, message)})`,
    ...own.map((field) => `    this.${exceptionFieldName(field)} = ${fromGiven(field, file)}`),
    '  }',
    '',
    `  static readonly fields: ${file.use('Fields')} = ${wrapped('', labels(fields), '').trimStart()}`,
    `  static write(w: ${file.use('Writer')}, value: ${name}): void {`,
    ...indented(writeLines(fields, { file, self: name, nameOf: exceptionFieldName }), '    '),
    '  }',
    `  static read(r: ${file.use('Reader')}): ${name} {`,
    ...indented(readFields(fields, locals, file, name), '    '),
    `    return new ${name}(${fields.length === 0 ? '' : created})`,
    '  }',
    '}',
  ]
}

function constructorHead(given: readonly string[], file: FileContext): string[] {
  if (given.length === 0) return [`  constructor(_fields: ${file.global('Record')}<never, never> = {}) {`]
  const line = `  constructor(fields: { ${given.join('; ')} }) {`
  return line.length <= 120 ? [line] : ['  constructor(fields: {', ...indented(given, '    '), '  }) {']
}

function parameter(field: Field, file: FileContext): string {
  const type = typeText(field.type, file, field.annotations)
  const isOptional = !isAlwaysThere(field) || field.default !== undefined
  return `${exceptionFieldName(field)}${isOptional ? `?: ${type} | undefined` : `: ${type}`}`
}

function fromGiven(field: Field, file: FileContext): string {
  const given = `fields.${exceptionFieldName(field)}`
  return field.default === undefined ? given : `${given} ?? ${literalText(field.default, plainOf(field), file)}`
}

/** What the Error says: its own message, or the fields that can be read at a glance. */
function messageText(exception: Struct, message: Field | undefined): string {
  if (message !== undefined) {
    if (message.default !== undefined)
      return `fields.message ?? ${quoted(message.default.kind === 'string' ? message.default.value : '')}`
    return isAlwaysThere(message) ? 'fields.message' : `fields.message ?? ''`
  }
  const shown = fieldsInMessage(exception)
  if (shown.length === 0) return quoted(exception.name)
  return `\`${shown.map((field) => `${field.name} \${fields.${exceptionFieldName(field)}}`).join(', ')}\``
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...indented(lines), '}']
}
