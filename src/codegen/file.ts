/**
 * One TypeScript file in the making: what names mean in it, and what it imports.
 *
 * Invariant: nothing is imported that is not used, and no name of the user's means something else by accident.
 */
import type { Definition, Program } from '../idl/program.ts'

/** Words that cannot name a variable, a parameter or a class in strict code. */
const reserved: ReadonlySet<string> = new Set(
  (
    'abstract any arguments as async await bigint boolean break case catch class const continue debugger declare default delete do else enum ' +
    'eval export extends false finally for from function get globalThis if implements import in infer instanceof interface is keyof let ' +
    'module namespace never new null number object of package private protected public readonly require return set static ' +
    'super switch symbol this throw true try type typeof undefined unique unknown var void while with yield NaN Infinity'
  ).split(' '),
)
/** Contextual words that may name a value but not a type, or need not be avoided at all. */
const harmless: ReadonlySet<string> = new Set(
  'abstract as async declare from get is module of readonly require set type unique keyof infer'.split(' '),
)

/** Of these a type cannot be called, and "then" would make the module a promise for whoever imports it. */
const neverTypes: ReadonlySet<string> = new Set('abstract as infer keyof readonly unique then __proto__'.split(' '))
/** What the bodies of generated functions call their own variables. */
const ofBodies = /^(r|w|value|outer|field|fields|items|(left|item|key)\d*)$/

export function isReserved(name: string): boolean {
  return reserved.has(name) && !harmless.has(name)
}

/** What only types import. */
const stubTypes: ReadonlySet<string> = new Set(
  'CallOptions Fields Idl Reader Service Struct UnknownField Unrecognized Uuid Writer'.split(' '),
)

export interface GenerateOptions {
  /** How imports of generated files end: `.ts` where the runtime or the compiler takes them, else `.js`. */
  readonly importExtension: 'ts' | 'js'
}

export class FileContext {
  readonly program: Program
  private readonly options: GenerateOptions
  /** What a definition is called inside the file, and what it is exported as. */
  private readonly names = new Map<Definition, string>()
  private readonly exported = new Map<Definition, string>()
  private readonly taken = new Set<string>()
  private readonly stub = new Map<string, string>()
  /** The only function of the stub that bodies call by its name, kept free of their variables. */
  private readonly missing: string
  private readonly includes = new Map<Program, string>()

  constructor(program: Program, options: GenerateOptions) {
    this.program = program
    this.options = options
    const isPlain = ({ name }: Definition): boolean => !isReserved(name) && !neverTypes.has(name)
    const { definitions } = program
    for (const definition of definitions.filter(isPlain)) this.exported.set(definition, this.free(definition.name))
    for (const definition of definitions) {
      const name = this.exported.get(definition) ?? this.free(`${definition.name}_`)
      this.exported.set(definition, name)
      this.names.set(definition, name)
    }
    for (const include of program.includes) this.include(include.program)
    this.missing = this.free('missing')
    for (const [definition, name] of this.exported)
      if (ofBodies.test(name)) this.names.set(definition, this.free(`${name}_`))
  }

  /** A definition of this file, or `alias.Name` of another. */
  name(definition: Definition): string {
    const own = this.names.get(definition)
    if (own !== undefined) return own
    return `${this.include(definition.program)}.${nameIn(definition)}`
  }

  /** What other files know a definition of this one by. */
  exportedName(definition: Definition): string {
    return this.exported.get(definition) ?? definition.name
  }

  /** Something of `oncewire/stub/v1`. */
  use(name: string): string {
    const known = this.stub.get(name)
    if (known !== undefined) return known
    const local = name === 'missing' ? this.missing : this.free(name)
    this.stub.set(name, local)
    return local
  }

  /** Something that every program has, even where the user's file has one of the same name. */
  global(name: string): string {
    return this.taken.has(name) ? `globalThis.${name}` : name
  }

  /** Whether a local variable of that name would hide something of the module. */
  hides(name: string): boolean {
    return this.taken.has(name)
  }

  /** `import` lines, sorted; what is only a type apart. */
  importLines(): string[] {
    const names = [...this.stub].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    const list = (isType: boolean): string[] =>
      names
        .filter(([name]) => stubTypes.has(name) === isType)
        .map(([name, local]) => (name === local ? name : `${name} as ${local}`))
    const lines: string[] = []
    if (list(false).length > 0) lines.push(wrapped('import', list(false), ` from 'oncewire/stub/v1'`))
    if (list(true).length > 0) lines.push(wrapped('import type', list(true), ` from 'oncewire/stub/v1'`))
    for (const [program, alias] of this.includes) lines.push(`import * as ${alias} from '${this.pathTo(program)}'`)
    return lines
  }

  /** The import path of another generated file. */
  pathTo(program: Program): string {
    const from = this.program.file.replaceAll('\\', '/').split('/').slice(0, -1)
    const to = program.file.replaceAll('\\', '/').split('/').slice(0, -1)
    while (from.length > 0 && to.length > 0 && from[0] === to[0]) {
      from.shift()
      to.shift()
    }
    const up = from.length === 0 ? './' : '../'.repeat(from.length)
    return `${up}${to.map((part) => `${part}/`).join('')}${program.name}.${this.options.importExtension}`
  }

  /** What the generated file of an include is called here. */
  include(program: Program): string {
    const known = this.includes.get(program)
    if (known !== undefined) return known
    const alias = this.free(aliasOf(program))
    this.includes.set(program, alias)
    return alias
  }

  private free(name: string): string {
    let free = name
    while (this.taken.has(free)) free += '_'
    this.taken.add(free)
    return free
  }
}

/** What an included file is imported as, if nothing else has that name. */
function aliasOf(program: Program): string {
  const word = program.name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
  return isReserved(word) || neverTypes.has(word) || ofBodies.test(word) ? `${word}_` : word
}

const contexts = new WeakMap<Program, FileContext>()

/** What a definition is called in its own file. */
function nameIn(definition: Definition): string {
  const { program } = definition
  const context = contexts.get(program) ?? new FileContext(program, { importExtension: 'ts' })
  contexts.set(program, context)
  return context.exportedName(definition)
}

/** `head { a, b }tail`, on one line if it fits into 120 columns, else an item a line. */
export function wrapped(head: string, items: readonly string[], tail: string, indent = ''): string {
  if (items.length === 0) return `${indent}${head} {}${tail}`
  const line = `${indent}${head} { ${items.join(', ')} }${tail}`
  if (line.length <= 120) return line
  return [`${indent}${head} {`, ...items.map((item) => `${indent}  ${item},`), `${indent}}${tail}`].join('\n')
}

/** A doc comment; nothing where there is nothing to say. */
export function docLines(doc: string | undefined, extra: readonly string[] = []): string[] {
  const lines = (doc === undefined ? [] : doc.split('\n')).map((line) => line.replaceAll('*/', '*\\/'))
  if (lines.length > 0 && extra.length > 0) lines.push('')
  lines.push(...extra)
  if (lines.length === 0) return []
  if (lines.length === 1) return [`/** ${lines[0]} */`]
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */']
}

/** A property's name as it is written in an object literal or an interface. */
export function propertyName(name: string): string {
  if (name === '__proto__') return `['__proto__']`
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

/** A template literal, for text of many lines. */
export function template(text: string): string {
  return `\`${text.replace(/[`\\]|\$(?={)/g, '\\$&').replaceAll('\r', '\\r')}\``
}

/** A string literal in single quotes. */
export function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`
}

export function indented(lines: readonly string[], by = '  '): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => (line === '' ? '' : by + line))
}
