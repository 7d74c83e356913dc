/**
 * A tree into a program: every name resolved, every id given, every value checked.
 *
 * Invariant: reports all errors of the file; where one was reported, what is answered is for finding more, not for use.
 */
import type { Place, Reporter } from './diagnostic.ts'
import { checkFunction, serviceDelivery, warnOfMisplaced } from './deliveries.ts'
import type {
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
import type { DefinitionTree, FieldTree, FileTree, FunctionTree, Name, ValueTree } from './tree.ts'
import { annotationsOf, seenThrough, TypeResolver, unknownType } from './types.ts'
import { constantValue, type ValueContext, valueOf, weightOf } from './values.ts'

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

/** A constant or default with more values than this, or deeper, would be no text that anybody could compile. */
const valuesMax = 1_000_000
const depthMax = 250
/** Services that extend each other in a row. */
const basesMax = 500

export function check(tree: FileTree, file: CheckedFile): Program {
  return new Checker(tree, file).program()
}

class Checker {
  private readonly tree: FileTree
  private readonly file: CheckedFile
  private readonly reporter: Reporter
  private readonly scope: Scope
  private readonly types: TypeResolver
  private readonly values: ValueContext
  private readonly made: Mutable<Program>
  /** Types and services of this file, which share their names. */
  private readonly names = new Map<string, Definition>()
  /** Types and services whose definition has been passed: what may be used where forward references may not. */
  private readonly defined = new Set<Definition>()

  constructor(tree: FileTree, file: CheckedFile) {
    this.tree = tree
    this.file = file
    this.reporter = file.reporter
    this.scope = new Scope(file.includes)
    this.types = new TypeResolver(this.scope, { names: this.names, missing: file.missing, reporter: this.reporter })
    this.values = {
      scope: this.scope,
      reporter: this.reporter,
      isDefined: (definition) => definition.program !== this.made || this.defined.has(definition),
    }
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
    // Typedefs first: whoever looks through them must not go round.
    for (const { tree, made } of shells) if (tree.kind === 'typedef') this.fillTypedef(tree, made as Mutable<Typedef>)
    this.types.checkTypedefs()
    for (const { tree, made } of shells) this.fill(tree, made)
    this.made.definitions = shells.map(({ made }) => made)
    keepScope(this.made, this.scope)
    return this.made
  }

  // --- first pass: names

  private declare(tree: DefinitionTree): Definition {
    warnOfMisplaced(tree, this.reporter)
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
        return this.declareUnique(tree, { ...named, kind: 'service', base: undefined, functions: [] })
      default:
        return this.declareType(tree, { ...named, kind: tree.kind, fields: [] })
    }
  }

  private declareType<T extends TypeDefinition>(tree: DefinitionTree, made: T): T {
    this.scope.types.set(made.name, made)
    return this.declareUnique(tree, made)
  }

  private declareUnique<T extends Definition>(tree: DefinitionTree, made: T): T {
    this.unique(this.names, tree.name)
    this.names.set(made.name, made)
    return made
  }

  private unique(names: ReadonlyMap<string, Definition>, name: Name): void {
    const before = names.get(name.text)
    if (before === undefined) return
    this.reporter.error('duplicate-definition', name, [
      `"${name.text}" is defined before, at line ${before.position.line}`,
      `give this ${before.kind === 'const' ? 'constant' : 'one'} another name`,
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

  private fillTypedef(tree: Tree<'typedef'>, made: Mutable<Typedef>): void {
    made.type = this.types.resolve(tree.type)
    this.types.checkJsType(tree.annotations, made.type)
  }

  private fillConst(tree: Tree<'const'>, made: Mutable<Const>): void {
    made.type = this.types.type(tree.type)
    const value = made.type === unknownType ? undefined : constantValue(made, tree.value, this.values)
    this.unique(this.scope.constants, tree.name)
    this.scope.constants.set(made.name, made)
    if (value !== undefined && this.isBearable(value, tree.value)) made.value = value
  }

  private isBearable(value: Value, tree: ValueTree): boolean {
    const { size, depth } = weightOf(value)
    if (size <= valuesMax && depth <= depthMax) return true
    this.reporter.error('too-large', tree, [
      `with all that it refers to this is ${size} values, ${depth} deep`,
      `${valuesMax} and ${depthMax} are the most`,
    ])
    return false
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
    if (tree.base !== undefined) made.base = this.base(tree.base, made.name)
    const delivery = serviceDelivery(tree, this.reporter)
    const inherited = new Map<string, string>()
    let depth = 0
    for (let base = made.base; base !== undefined; base = base.base) {
      for (const { name } of base.functions) inherited.set(name, base.name)
      if (++depth <= basesMax) continue
      this.reporter.error('too-deep', tree.base ?? tree.name, [`services extend each other more than ${basesMax} deep`])
      made.base = undefined
      break
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
    this.scope.services.set(made.name, made)
  }

  private base(name: Name, self: string): Service | undefined {
    const base = this.scope.service(name.text)
    if (base === undefined) {
      if (name.text === self) {
        this.reporter.error('unknown-service', name, ['a service cannot extend itself'])
        return undefined
      }
      const isLater = this.tree.definitions.some(
        (definition) => definition.kind === 'service' && definition.name.text === name.text,
      )
      const near = this.types.missingHint(name.text) ?? this.nearService(name.text)
      const hint = isLater ? `"${name.text}" is defined below: move it above` : near
      this.reporter.error('unknown-service', name, [`there is no service "${name.text}" before this line`, hint])
    }
    return base
  }

  private nearService(name: string): string | undefined {
    const other = this.names.get(name)?.kind
    if (other !== undefined && other !== 'service') return `"${name}" is a ${other}`
    const near = this.scope.nearService(name)
    return near === undefined ? undefined : `did you mean ${near}?`
  }

  private function(tree: FunctionTree, serviceDefault: Function['delivery'] | undefined): Function {
    const args = this.fields(tree.arguments, 'arguments')
    const throws = this.fields(tree.throws, 'throws')
    for (const [i, field] of throws.entries()) this.checkThrown(field, tree.throws[i]?.type ?? tree.name)
    const { delivery, key } = checkFunction(tree, serviceDefault, this.reporter)
    return {
      name: tree.name.text,
      isOneway: tree.isOneway,
      returns: tree.returns === undefined ? undefined : this.types.type(tree.returns),
      arguments: args,
      throws,
      delivery,
      key,
      doc: tree.doc,
      annotations: annotationsOf(tree.annotations),
      position: tree.name.position,
    }
  }

  private checkThrown(field: Field, place: Place): void {
    const seen = seenThrough(field.type)
    const definition = seen.kind === 'named' ? seen.definition : undefined
    if (field.type === unknownType) return
    if (definition?.kind !== 'exception') {
      this.reporter.error('throws-no-exception', place, [
        `"${field.name}" is no exception`,
        'only an exception can be thrown',
      ])
    } else if (!this.values.isDefined(definition)) {
      this.reporter.error('forward-throws', place, [
        `"${definition.name}" is defined below`,
        'move the exception above the service',
      ])
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
        this.reporter.error('duplicate-field', tree.name, [
          `there is ${of === 'arguments' ? 'an argument' : 'a field'} "${tree.name.text}" before`,
        ])
      ids.set(id, tree.name.text)
      names.add(tree.name.text)
      return this.field(tree, id, of)
    })
  }

  private field(tree: FieldTree, id: number, of: 'struct' | 'union' | 'arguments' | 'throws'): Field {
    const type = this.types.type(tree.type)
    this.types.checkJsType(tree.annotations, type)
    warnOfMisplaced(tree, this.reporter)
    let { requiredness } = tree
    if (of === 'arguments' && requiredness === 'optional') {
      this.reporter.warning('optional-argument', tree.name, [`an argument is always passed; "optional" is ignored`])
      requiredness = 'default'
    }
    if (of === 'union' && requiredness === 'required') {
      this.reporter.warning('required-in-union', tree.name, [`a union holds one of its fields; "required" is ignored`])
    }
    return {
      id,
      name: tree.name.text,
      type,
      requiredness,
      default: tree.default === undefined ? undefined : this.default(tree.default, type),
      doc: tree.doc,
      annotations: annotationsOf(tree.annotations),
      position: tree.name.position,
    }
  }

  private default(tree: ValueTree, type: Type): Value | undefined {
    const value = type === unknownType ? undefined : valueOf(tree, type, this.values)
    return value !== undefined && this.isBearable(value, tree) ? value : undefined
  }
}
