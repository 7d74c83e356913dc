/**
 * A checked program as Thrift text, in the style of `oncewire format` whatever the author's was: for files that carry the IDL they came from,
 * and for `oncewire describe`.
 *
 * Invariant: the text means the same program, doc comments included; ordinary comments and what only other compilers read
 * (cpp_include, xsd words) are left out.
 */
import { assert } from '../std/assert.ts'
import { format } from './format.ts'
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

/** The whole file. */
export function printProgram(program: Program): string {
  const includes = [...includesOf(program).keys()].map((literal) => `include ${quoted(literal)}`)
  const namespaces = [...program.namespaces].map(([language, scope]) => `namespace ${language} ${scope}`)
  const header = [...includes, ...namespaces]
  // Of a file without a header the comment that opens it is the first definition's own.
  const doc = header.length > 0 ? docText(program.doc) : ''
  const parts = [doc + header.join('\n'), ...grouped(program.definitions)]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** One definition, with its doc comment. */
export function printDefinition(definition: Definition): string {
  return styled(definitionText(definition))
}

function definitionText(definition: Definition): string {
  const { program, annotations } = definition
  const doc = docText(definition.doc)
  switch (definition.kind) {
    case 'typedef': {
      const { name, type } = definition
      return `${doc}typedef ${printType(type, program)} ${name}${annotationsText(annotations)}`
    }
    case 'const': {
      const { name, type, value } = definition
      return `${doc}const ${printType(type, program)} ${name} = ${printValue(value, program)}`
    }
    case 'enum':
      return doc + enumText(definition)
    case 'service':
      return doc + serviceText(definition)
    default:
      return doc + structText(definition)
  }
}

/** One function as it stands in its service, with its doc comment. */
export function printFunction(fn: Function, program: Program): string {
  const service = styled(`service S {\n${functionText(fn, program)}\n}`).split('\n')
  const lines = service.slice(1, -1).map((line) => line.replace(/^ {2}/, ''))
  return lines.join('\n').replace(/,$/, '')
}

/** `text` with its lines broken, without the last line break. */
function styled(text: string): string {
  const { text: after, diagnostics } = format(text, 'printed.thrift')
  assert(after !== undefined, `printed text is not valid: ${diagnostics[0]?.message}\n${text}`)
  return after.trimEnd()
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

function enumText({ name, members, annotations }: Enum): string {
  const line = (member: EnumMember): string => `${member.name} = ${member.value}${annotationsText(member.annotations)}`
  const items = members.map((member) => ({ doc: member.doc, text: line(member) }))
  return `enum ${name} {${listText(items)}}${annotationsText(annotations)}`
}

function structText({ kind, name, fields, annotations, program }: Struct): string {
  const items = fields.map((field) => ({ doc: field.doc, text: fieldText(field, program, kind === 'union') }))
  return `${kind} ${name} {${listText(items)}}${annotationsText(annotations)}`
}

function fieldText(field: Field, program: Program, isArm = false): string {
  const { id, name, type, requiredness } = field
  const word = isArm || requiredness === 'default' ? '' : `${requiredness} `
  const value = field.default === undefined ? '' : ` = ${printValue(field.default, program)}`
  return `${id}: ${word}${printType(type, program)} ${name}${value}${annotationsText(field.annotations)}`
}

function serviceText({ name, base, functions, annotations, program }: Service): string {
  const head = `service ${name}${base === undefined ? '' : ` extends ${nameIn(program, base)}`}`
  const texts = functions.map((fn, i) => {
    const isApart = i > 0 && (fn.doc ?? functions[i - 1]?.doc) !== undefined
    return `${isApart ? '\n' : ''}${functionText(fn, program)}\n`
  })
  return `${head} {\n${texts.join('')}}${annotationsText(annotations)}`
}

function functionText(fn: Function, program: Program): string {
  const returns = fn.returns === undefined ? 'void' : printType(fn.returns, program)
  const head = `${docText(fn.doc)}${fn.isOneway ? 'oneway ' : ''}${returns} ${fn.name}`
  const throws = fn.throws.map((field) => fieldText(field, program)).join(', ')
  const args = fn.arguments.map((field) => ({ doc: field.doc, text: fieldText(field, program) }))
  return `${head}(${listText(args)})${throws === '' ? '' : ` throws (${throws})`}${annotationsText(fn.annotations)}`
}

interface Item {
  readonly doc: string | undefined
  readonly text: string
}

/** What stands between brackets: on lines of their own where there are comments. */
function listText(items: readonly Item[]): string {
  const end = items.some(({ doc }) => doc !== undefined) ? '\n' : ''
  return end + items.map(({ doc, text }) => `${docText(doc)}${text},${end}`).join('')
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

function docText(doc: string | undefined): string {
  if (doc === undefined) return ''
  const lines = doc.split('\n')
  if (lines.length === 1) return `/** ${doc} */\n`
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */\n'].join('\n')
}

const escapes: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' }

function quoted(text: string): string {
  return `"${text.replace(/[\r\n\t"\\]/g, (char) => escapes[char] as string)}"`
}
