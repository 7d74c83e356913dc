/**
 * A checked program as Thrift text, in one form whatever the author's was: for files that carry the IDL they came from,
 * and for `oncewire describe`.
 *
 * Invariant: the text means the same program, doc comments included; ordinary comments and what only other compilers read
 * (cpp_include, xsd words) are left out.
 */
import { includesOf } from './includes.ts'
import type {
  Annotations,
  Definition,
  Enum,
  EnumMember,
  Field,
  Function,
  Program,
  Service,
  Struct,
  Type,
  Value,
} from './program.ts'

const columnsMax = 120

/** The whole file. */
export function printProgram(program: Program): string {
  const includes = [...includesOf(program).keys()].map((literal) => `include ${quoted(literal)}`)
  const namespaces = [...program.namespaces].map(([language, scope]) => `namespace ${language} ${scope}`)
  const header = [...includes, ...namespaces]
  // Of a file without a header the comment that opens it is the first definition's own.
  if (header.length > 0) header.unshift(...docLines(program.doc))
  const parts = [header.join('\n'), ...grouped(program.definitions)]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** One definition, with its doc comment. */
export function printDefinition(definition: Definition): string {
  const { program, annotations } = definition
  const doc = docLines(definition.doc)
  const tail = annotationsText(annotations)
  switch (definition.kind) {
    case 'typedef':
      return [...doc, `typedef ${printType(definition.type, program)} ${definition.name}${tail}`].join('\n')
    case 'const': {
      const { name, type, value } = definition
      return [...doc, `const ${printType(type, program)} ${name} = ${printValue(value, program)}`].join('\n')
    }
    case 'enum':
      return [...doc, ...enumLines(definition)].join('\n')
    case 'service':
      return [...doc, ...serviceLines(definition)].join('\n')
    default:
      return [...doc, ...structLines(definition)].join('\n')
  }
}

/** One function as it stands in its service, with its doc comment. */
export function printFunction(fn: Function, program: Program): string {
  return functionLines(fn, program).join('\n')
}

/** A type as `program` names it. */
export function printType(type: Type, program: Program): string {
  const tail = annotationsText(type.annotations)
  switch (type.kind) {
    case 'base':
      return type.name + tail
    case 'map':
      return `map<${printType(type.key, program)}, ${printType(type.value, program)}>${tail}`
    case 'named':
      return nameIn(program, type.definition)
    default:
      return `${type.kind}<${printType(type.element, program)}>${tail}`
  }
}

function nameIn(program: Program, definition: Definition): string {
  return definition.program === program ? definition.name : `${definition.program.name}.${definition.name}`
}

/** A value as `program` names what it holds. */
export function printValue(value: Value, program: Program): string {
  const items = (values: readonly Value[]): string => values.map((item) => printValue(item, program)).join(', ')
  const entries = (pairs: readonly (readonly [string, Value])[]): string =>
    pairs.map(([key, item]) => `${key}: ${printValue(item, program)}`).join(', ')
  switch (value.kind) {
    case 'bool':
    case 'integer':
      return String(value.value)
    case 'double':
      return doubleText(value.value)
    case 'string':
    case 'binary':
    case 'uuid':
      return quoted(value.value)
    case 'member':
      return memberText(value, program)
    case 'list':
    case 'set':
      return `[${items(value.items)}]`
    case 'map':
      return `{${entries(value.entries.map(([key, item]) => [printValue(key, program), item]))}}`
    default:
      return `{${entries([...value.fields].map(([name, item]) => [quoted(name), item]))}}`
  }
}

/** A member of an enum that the file cannot name (an include's include has it) is its number. */
function memberText({ enum: of, member }: Extract<Value, { kind: 'member' }>, program: Program): string {
  const named = [...includesOf(program).values()].find(({ name }) => name === of.program.name)
  const isNameable = of.program === program || of.program === named
  return isNameable ? `${nameIn(program, of)}.${member.name}` : String(member.value)
}

/** Thrift has no word for infinity, and takes digits alone for an integer. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '1e400' : '-1e400'
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function enumLines({ name, members, annotations }: Enum): string[] {
  const line = (member: EnumMember): string => `${member.name} = ${member.value}${annotationsText(member.annotations)}`
  return block(
    `enum ${name}`,
    members.map((member) => ({ doc: member.doc, text: line(member) })),
    annotationsText(annotations),
  )
}

function structLines({ kind, name, fields, annotations, program }: Struct): string[] {
  const line = (field: Field): string => fieldText(field, program, kind === 'union')
  return block(
    `${kind} ${name}`,
    fields.map((field) => ({ doc: field.doc, text: line(field) })),
    annotationsText(annotations),
  )
}

function fieldText(field: Field, program: Program, isArm = false): string {
  const { id, name, type, requiredness } = field
  const word = isArm || requiredness === 'default' ? '' : `${requiredness} `
  const value = field.default === undefined ? '' : ` = ${printValue(field.default, program)}`
  return `${id}: ${word}${printType(type, program)} ${name}${value}${annotationsText(field.annotations)}`
}

function serviceLines({ name, base, functions, annotations, program }: Service): string[] {
  const head = `service ${name}${base === undefined ? '' : ` extends ${nameIn(program, base)}`}`
  const tail = annotationsText(annotations)
  if (functions.length === 0) return [`${head} {}${tail}`]
  const lines = functions.flatMap((fn, i) => {
    const printed = functionLines(fn, program)
    const last = `${printed.pop()},`
    const isApart = i > 0 && (fn.doc ?? functions[i - 1]?.doc) !== undefined
    return [...(isApart ? [''] : []), ...printed, last]
  })
  return [`${head} {`, ...indented(lines), `}${tail}`]
}

function functionLines(fn: Function, program: Program): string[] {
  const returns = fn.returns === undefined ? 'void' : printType(fn.returns, program)
  const head = `${fn.isOneway ? 'oneway ' : ''}${returns} ${fn.name}`
  const throws = fn.throws.map((field) => fieldText(field, program)).join(', ')
  const tail = (throws === '' ? '' : ` throws (${throws})`) + annotationsText(fn.annotations)
  const args = fn.arguments.map((field) => ({ doc: field.doc, text: fieldText(field, program) }))
  const line = `${head}(${args.map(({ text }) => text).join(', ')})`
  const doc = docLines(fn.doc)
  const isLine = args.every(({ doc }) => doc === undefined) && line.length < columnsMax
  if (!isLine) return [...doc, `${head}(`, ...indented(itemLines(args)), `)${tail}`]
  return line.length + tail.length < columnsMax
    ? [...doc, line + tail]
    : [...doc, line, ...indented([tail.trimStart()])]
}

interface Item {
  readonly doc: string | undefined
  readonly text: string
}

/** On one line where it fits and has no comments inside. */
function block(head: string, items: readonly Item[], tail: string): string[] {
  if (items.length === 0) return [`${head} {}${tail}`]
  const line = `${head} { ${items.map(({ text }) => text).join(', ')} }${tail}`
  if (line.length <= columnsMax && items.every(({ doc }) => doc === undefined)) return [line]
  return [`${head} {`, ...indented(itemLines(items)), `}${tail}`]
}

function itemLines(items: readonly Item[]): string[] {
  return items.flatMap(({ doc, text }) => [...docLines(doc), `${text},`])
}

/** Definitions of one line and one kind that follow each other stand together. */
function grouped(definitions: readonly Definition[]): string[] {
  const groups: string[] = []
  let kind: Definition['kind'] | undefined
  for (const definition of definitions) {
    const text = printDefinition(definition)
    const isLine = !text.includes('\n')
    if (isLine && kind === definition.kind) groups[groups.length - 1] += `\n${text}`
    else groups.push(text)
    kind = isLine ? definition.kind : undefined
  }
  return groups
}

function annotationsText(annotations: Annotations): string {
  if (annotations.size === 0) return ''
  return ` (${[...annotations].map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')})`
}

function docLines(doc: string | undefined): string[] {
  if (doc === undefined) return []
  const lines = doc.split('\n')
  if (lines.length === 1) return [`/** ${doc} */`]
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */']
}

const escapes: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' }

function quoted(text: string): string {
  return `"${text.replace(/[\r\n\t"\\]/g, (char) => escapes[char] as string)}"`
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}
