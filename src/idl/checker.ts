/**
 * A tree into a program: every name resolved, every id given, every value checked.
 *
 * Invariant: reports all errors of the file; where one was reported, what is answered is for finding more, not for use.
 */
import type { Place, Reporter } from './diagnostic.ts'
import { checkFunction, serviceDelivery } from './deliveries.ts'
import { valueOf, type ValueContext } from './values.ts'
import type {
  Annotations,
  BaseName,
  Const,
  Definition,
  EnumMember,
  Field,
  Function,
  Include,
  Program,
  Service,
  Struct,
  Type,
  Typedef,
  Value,
} from './program.ts'
import { keepScope, Scope, type TypeDefinition } from './scope.ts'
import type {
  AnnotationTree,
  DefinitionTree,
  FieldTree,
  FileTree,
  FunctionTree,
  Name,
  TypeTree,
  ValueTree,
} from './tree.ts'

export interface CheckedFile {
  readonly file: string
  readonly name: string
  readonly includes: readonly Include[]
  /** Includes that were not found, by the name that would qualify what they define. */
  readonly missing: ReadonlyMap<string, Name>
  readonly reporter: Reporter
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Tree<K extends DefinitionTree['kind']> = Extract<DefinitionTree, { kind: K }>

/** What constants were written as, over all files. */
const written = new WeakMap<Const, { readonly tree: ValueTree; readonly context: ValueContext }>()
const writtenMap = { get: (constant: Const) => written.get(constant) } as ValueContext['written']

export function check(tree: FileTree, file: CheckedFile): Program {
  return new Checker(tree, file).program()
}

class Checker {
  private readonly tree: FileTree
  private readonly file: CheckedFile
  private readonly reporter: Reporter
  private readonly scope: Scope
  private readonly made: Mutable<Program>
  /** Types and services whose definition has been passed: what may be used where forward references may not. */
  private readonly defined = new Set<Definition>()

  constructor(tree: FileTree, file: CheckedFile) {
    this.tree = tree
    this.file = file
    this.reporter = file.reporter
    this.scope = new Scope(file.includes)
    const namespaces = new Map(tree.namespaces.map(({ language, scope }) => [language, scope]))
    this.made = {
      file: file.file,
      name: file.name,
      doc: tree.doc,
      includes: file.includes,
      namespaces,
      definitions: [],
    }
  }

  program(): Program {
    const shells = this.tree.definitions.map((definition) => ({ tree: definition, made: this.declare(definition) }))
    for (const { tree, made } of shells) this.fill(tree, made)
    this.checkTypedefCycles()
    for (const { made } of shells) if ('fields' in made) this.checkDefaultCycle(made)
    this.made.definitions = shells.map(({ made }) => made)
    keepScope(this.made, this.scope)
    return this.made
  }

  // --- first pass: names

  private declare(tree: DefinitionTree): Definition {
    const named = {
      name: tree.name.text,
      program: this.made,
      doc: tree.doc,
      annotations: annotationsOf(tree.annotations),
      position: tree.name.position,
    }
    switch (tree.kind) {
      case 'typedef':
        return this.declareType(tree, { ...named, kind: 'typedef', type: unknownType })
      case 'enum':
        return this.declareType(tree, { ...named, kind: 'enum', members: this.members(tree) })
      case 'const': // Visible only from its own line on.
        return { ...named, kind: 'const', type: unknownType, value: { kind: 'bool', value: false } }
      case 'service':
        return { ...named, kind: 'service', base: undefined, functions: [] }
      default:
        return this.declareType(tree, { ...named, kind: tree.kind, fields: [] })
    }
  }

  private declareType<T extends TypeDefinition>(tree: DefinitionTree, made: T): T {
    this.unique(this.scope.types, tree.name)
    this.scope.types.set(made.name, made)
    return made
  }

  private unique(names: ReadonlyMap<string, Definition>, name: Name): void {
    const before = names.get(name.text)
    if (before === undefined) return
    this.reporter.error('duplicate-definition', name, [
      `"${name.text}" is defined before, at line ${before.position.line}`,
    ])
  }

  private members(tree: Tree<'enum'>): EnumMember[] {
    const members: EnumMember[] = []
    const names = new Set<string>()
    let next = 0n
    for (const { name, value, annotations, doc } of tree.members) {
      const number = value?.value ?? next
      if (names.has(name.text))
        this.reporter.error('duplicate-member', name, [`${tree.name.text} has a member "${name.text}" before`])
      if (number < -(2n ** 31n) || number > 2n ** 31n - 1n) {
        this.reporter.error('out-of-range', value ?? name, [`${number} does not fit into the 32 bits of an enum`])
      }
      names.add(name.text)
      next = number + 1n
      const { text, position } = name
      members.push({ name: text, value: Number(number), doc, annotations: annotationsOf(annotations), position })
    }
    return members
  }

  // --- second pass: what they are

  private fill(tree: DefinitionTree, made: Definition): void {
    switch (tree.kind) {
      case 'typedef':
        ;(made as Mutable<Typedef>).type = this.type(tree.type)
        break
      case 'const':
        this.fillConst(tree, made as Mutable<Const>)
        break
      case 'enum':
        break
      case 'service':
        this.fillService(tree, made as Mutable<Service>)
        break
      default:
        this.fillStruct(tree, made as Mutable<Struct>)
    }
    this.defined.add(made)
  }

  private fillConst(tree: Tree<'const'>, made: Mutable<Const>): void {
    made.type = this.type(tree.type)
    const value = valueOf(tree.value, made.type, this.values)
    this.unique(this.scope.constants, tree.name)
    this.scope.constants.set(made.name, made)
    written.set(made, { tree: tree.value, context: this.values })
    if (value !== undefined) made.value = value
  }

  private fillStruct(tree: Tree<'struct' | 'union' | 'exception'>, made: Mutable<Struct>): void {
    const isUnion = tree.kind === 'union'
    const fields = this.fields(tree.fields, isUnion ? 'union' : 'struct')
    made.fields = isUnion ? fields.map((field) => ({ ...field, requiredness: 'optional' as const })) : fields
    const defaults = isUnion ? fields.filter((field) => field.default !== undefined) : []
    if (defaults.length > 1) {
      const place = { position: defaults[1]?.position ?? made.position, length: 1 }
      this.reporter.error('union-defaults', place, [
        `union ${made.name} has defaults for ${defaults.map(({ name }) => name).join(' and ')}: one at most`,
      ])
    }
  }

  private fillService(tree: Tree<'service'>, made: Mutable<Service>): void {
    if (tree.base !== undefined) made.base = this.base(tree.base)
    const delivery = serviceDelivery(tree, this.reporter)
    const inherited = new Map<string, string>()
    for (let base = made.base; base !== undefined; base = base.base) {
      for (const { name } of base.functions) inherited.set(name, base.name)
    }
    const names = new Set<string>()
    made.functions = tree.functions.map((fn) => {
      const { name } = fn
      if (names.has(name.text))
        this.reporter.error('duplicate-function', name, [`${made.name} has a function "${name.text}" before`])
      const owner = inherited.get(name.text)
      if (owner !== undefined)
        this.reporter.error('override', name, [`"${name.text}" is a function of ${owner}, and cannot be defined again`])
      names.add(name.text)
      return this.function(fn, delivery)
    })
    this.unique(this.scope.services, tree.name)
    this.scope.services.set(made.name, made)
  }

  private base(name: Name): Service | undefined {
    const base = this.scope.service(name.text)
    if (base === undefined) {
      const isLater = this.tree.definitions.some(
        (definition) => definition.kind === 'service' && definition.name.text === name.text,
      )
      const hint = isLater ? `"${name.text}" is defined below: move it above` : this.missingHint(name.text)
      this.reporter.error('unknown-service', name, [`there is no service "${name.text}" before this line`, hint])
    }
    return base
  }

  private function(tree: FunctionTree, serviceDefault: Function['delivery'] | undefined): Function {
    const args = this.fields(tree.arguments, 'arguments')
    const throws = this.fields(tree.throws, 'throws')
    for (const [i, field] of throws.entries()) {
      const place = tree.throws[i]?.type ?? tree.name
      const definition = seenThrough(field.type)
      if (definition?.kind !== 'exception' && field.type !== unknownType) {
        this.reporter.error('throws-no-exception', place, [
          `"${field.name}" is no exception`,
          'only an exception can be thrown',
        ])
      } else if (definition !== undefined && definition.program === this.made && !this.defined.has(definition)) {
        this.reporter.error('forward-throws', place, [
          `"${definition.name}" is defined below: move it above the service`,
        ])
      }
    }
    const { delivery, key } = checkFunction(tree, serviceDefault, this.reporter)
    return {
      name: tree.name.text,
      isOneway: tree.isOneway,
      returns: tree.returns === undefined ? undefined : this.type(tree.returns),
      arguments: args,
      throws,
      delivery,
      key,
      doc: tree.doc,
      annotations: annotationsOf(tree.annotations),
      position: tree.name.position,
    }
  }

  private fields(trees: readonly FieldTree[], of: 'struct' | 'union' | 'arguments' | 'throws'): Field[] {
    const ids = new Map<number, string>()
    const names = new Set<string>()
    let automatic = -1
    return trees.map((tree) => {
      let id = Number(tree.id?.value ?? 0n)
      if (id <= 0) {
        const what = tree.id === undefined ? 'has no id' : `has the id ${id}`
        this.reporter.warning('automatic-id', tree.id ?? tree.name, [
          `"${tree.name.text}" ${what}, and gets ${automatic}`,
          'give every field a positive id of its own',
        ])
        id = automatic--
      }
      if (id > 32767 || id < -32768) {
        this.reporter.error('id-too-large', tree.id ?? tree.name, [
          `the id ${id} does not fit into the 16 bits it has on the wire`,
          'use 1 to 32767',
        ])
      }
      const owner = ids.get(id)
      if (owner !== undefined)
        this.reporter.error('duplicate-id', tree.id ?? tree.name, [`"${owner}" has the id ${id} too`])
      if (names.has(tree.name.text))
        this.reporter.error('duplicate-field', tree.name, [`there is a "${tree.name.text}" before`])
      ids.set(id, tree.name.text)
      names.add(tree.name.text)
      return this.field(tree, id, of)
    })
  }

  private field(tree: FieldTree, id: number, of: 'struct' | 'union' | 'arguments' | 'throws'): Field {
    const type = this.type(tree.type)
    let { requiredness } = tree
    if (of === 'arguments' && requiredness === 'optional') {
      this.reporter.warning('optional-argument', tree.name, [`an argument is always passed; "optional" is ignored`])
      requiredness = 'default'
    }
    if (of === 'union' && requiredness === 'required') {
      this.reporter.warning('required-in-union', tree.name, [`a union holds one of its fields; "required" is ignored`])
    }
    const annotations = annotationsOf([...tree.annotations])
    this.checkJsType(tree, type)
    return {
      id,
      name: tree.name.text,
      type,
      requiredness,
      default: tree.default === undefined ? undefined : valueOf(tree.default, type, this.values),
      doc: tree.doc,
      annotations,
      position: tree.name.position,
    }
  }

  /** `(js.type = "number")`, on the type or on the field. */
  private checkJsType(tree: FieldTree, type: Type): void {
    const annotation = [...tree.annotations, ...tree.type.annotations].find(({ name }) => name.text === 'js.type')
    if (annotation === undefined) return
    const base = baseOf(type)
    const { value } = annotation
    if (value.text !== 'number' && value.text !== 'bigint') {
      this.reporter.error('js-type', value, [
        `js.type = "${value.text}" is not known`,
        'an i64 may be "number" or "bigint"',
      ])
    } else if (base !== 'i64') {
      this.reporter.error('js-type', annotation.name, [
        `js.type stands only on an i64, and "${tree.name.text}" is none`,
      ])
    }
  }

  private type(tree: TypeTree): Type {
    const annotations = annotationsOf(tree.annotations)
    if (tree.kind === 'map') return { kind: 'map', key: this.type(tree.key), value: this.type(tree.value), annotations }
    if (tree.kind !== 'name') return { kind: tree.kind, element: this.type(tree.element), annotations }
    const base = bases[tree.text]
    if (base !== undefined) return { kind: 'base', name: base, annotations }
    const definition = this.scope.type(tree.text)
    if (definition !== undefined) return { kind: 'named', definition, annotations }
    const isService = this.scope.service(tree.text) !== undefined
    const near = this.scope.nearType(tree.text)
    const hint = isService
      ? 'a service is no type'
      : (this.missingHint(tree.text) ?? (near === undefined ? undefined : `did you mean ${near}?`))
    this.reporter.error('unknown-type', tree, [`there is no type "${tree.text}"`, hint])
    return unknownType
  }

  private missingHint(name: string): string | undefined {
    const literal = this.file.missing.get(name.slice(0, Math.max(0, name.lastIndexOf('.'))))
    return literal === undefined
      ? undefined
      : `"${literal.text}", included at line ${literal.position.line}, was not found`
  }

  /** A default that holds a struct whose defaults hold it again has no end. */
  private checkDefaultCycle(struct: Struct): void {
    const seen = new Set<Struct>()
    const reaches = (value: Value): boolean => {
      switch (value.kind) {
        case 'list':
        case 'set':
          return value.items.some(reaches)
        case 'map':
          return value.entries.some(([key, item]) => reaches(key) || reaches(item))
        case 'struct': {
          if (value.struct === struct) return true
          const given = [...value.fields.values()]
          if (seen.has(value.struct)) return given.some(reaches)
          seen.add(value.struct)
          return [
            ...given,
            ...value.struct.fields.flatMap((field) => (value.fields.has(field.name) ? [] : (field.default ?? []))),
          ].some(reaches)
        }
        default:
          return false
      }
    }
    for (const field of struct.fields) {
      if (field.default === undefined || !reaches(field.default)) continue
      const place: Place = { position: field.position, length: field.name.length }
      this.reporter.error('recursive-default', place, [
        `the default of "${field.name}" holds a ${struct.name}, whose default holds one again`,
      ])
    }
  }

  private checkTypedefCycles(): void {
    for (const definition of this.scope.types.values()) {
      if (definition.kind !== 'typedef') continue
      const seen = new Set<TypeDefinition>()
      const reaches = (type: Type): boolean => {
        if (type.kind === 'map') return reaches(type.key) || reaches(type.value)
        if (type.kind === 'list' || type.kind === 'set') return reaches(type.element)
        if (type.kind !== 'named' || type.definition.kind !== 'typedef') return false
        if (type.definition === definition) return true
        if (seen.has(type.definition)) return false
        seen.add(type.definition)
        return reaches(type.definition.type)
      }
      if (!reaches(definition.type)) continue
      const place: Place = { position: definition.position, length: definition.name.length }
      this.reporter.error('typedef-cycle', place, [
        `typedef ${definition.name} is made of itself`,
        'a struct may hold itself, a typedef may not',
      ])
      // Cut it, so that whoever goes on does not go round.
      ;(definition as Mutable<Typedef>).type = unknownType
    }
  }

  private get values(): ValueContext {
    return { scope: this.scope, reporter: this.reporter, written: writtenMap }
  }
}

const bases: Readonly<Record<string, BaseName>> = {
  bool: 'bool',
  byte: 'i8',
  i8: 'i8',
  i16: 'i16',
  i32: 'i32',
  i64: 'i64',
  double: 'double',
  string: 'string',
  binary: 'binary',
  uuid: 'uuid',
}

/** Stands for a type that is not there, after that was reported. */
const unknownType: Type = { kind: 'base', name: 'bool', annotations: new Map() }

function annotationsOf(trees: readonly AnnotationTree[]): Annotations {
  return new Map(trees.map(({ name, value }) => [name.text, value.text]))
}

function seenThrough(type: Type): Exclude<TypeDefinition, Typedef> | undefined {
  if (type.kind !== 'named') return undefined
  return type.definition.kind === 'typedef' ? seenThrough(type.definition.type) : type.definition
}

function baseOf(type: Type): BaseName | undefined {
  if (type.kind === 'named' && type.definition.kind === 'typedef') return baseOf(type.definition.type)
  return type.kind === 'base' ? type.name : undefined
}
