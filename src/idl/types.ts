/**
 * Type expressions into types, and what is said of one that is not there.
 *
 * Invariant: whatever is answered can be gone through: no typedef is made of itself, and none nests without end.
 */
import { nearest } from '../std/suggest.ts'
import type { Place, Reporter } from './diagnostic.ts'
import { insteadOfGone, typeElsewhere } from './dialects.ts'
import type { Annotations, BaseName, Definition, Type, Typedef } from './program.ts'
import type { Scope } from './scope.ts'
import type { AnnotationTree, Name, TypeTree } from './tree.ts'

const bases: ReadonlyMap<string, BaseName> = new Map([
  ['bool', 'bool'],
  ['byte', 'i8'],
  ['i8', 'i8'],
  ['i16', 'i16'],
  ['i32', 'i32'],
  ['i64', 'i64'],
  ['double', 'double'],
  ['string', 'string'],
  ['binary', 'binary'],
  ['uuid', 'uuid'],
])
/** Containers and typedefs around what is innermost; the TypeScript compiler bears little more. */
const depthMax = 250

/** Stands for a type that is not there, after that was reported. */
export const unknownType: Type = { kind: 'base', name: 'bool', annotations: new Map() }

export class TypeResolver {
  private readonly scope: Scope
  private readonly reporter: Reporter
  private readonly missing: ReadonlyMap<string, Name>
  /** Of typedefs, those of includes among them. */
  private readonly depths = new Map<Typedef, number>()
  private readonly names: ReadonlyMap<string, Definition>

  /** `names`: types and services of this file; `missing`: includes that were not found. */
  constructor(
    scope: Scope,
    {
      names,
      missing,
      reporter,
    }: {
      readonly names: ReadonlyMap<string, Definition>
      readonly missing: ReadonlyMap<string, Name>
      readonly reporter: Reporter
    },
  ) {
    this.scope = scope
    this.names = names
    this.missing = missing
    this.reporter = reporter
  }

  /** To be called when typedefs have been checked. */
  type(tree: TypeTree): Type {
    const type = this.resolve(tree)
    for (const typedef of typedefsIn(type)) if (!this.depths.has(typedef)) this.measure(typedef)
    const depth = depthOf(type, this.depths)
    if (depth <= depthMax) return type
    this.reporter.error('too-deep', tree, [
      `with its typedefs this type nests ${depth} deep`,
      `${depthMax} is the most`,
    ])
    return unknownType
  }

  /** What a typedef is said to be, which may yet be itself. */
  resolve(tree: TypeTree): Type {
    const annotations = annotationsOf(tree.annotations)
    if (tree.kind === 'map')
      return { kind: 'map', key: this.resolve(tree.key), value: this.resolve(tree.value), annotations }
    if (tree.kind !== 'name') return { kind: tree.kind, element: this.resolve(tree.element), annotations }
    const base = bases.get(tree.text)
    if (base !== undefined) {
      const type: Type = { kind: 'base', name: base, annotations }
      this.checkJsType(tree.annotations, type)
      return type
    }
    const definition = this.scope.type(tree.text)
    if (definition !== undefined) return { kind: 'named', definition, annotations }
    const instead = insteadOfGone(tree.text)
    if (instead === undefined)
      this.reporter.error('unknown-type', tree, [`there is no type "${tree.text}"`, this.hint(tree.text)])
    else this.reporter.error('gone', tree, [`"${tree.text}" is no longer part of Thrift`, instead])
    return unknownType
  }

  /** What a name means that is no type here. */
  private hint(name: string): string | undefined {
    if (this.names.get(name)?.kind === 'service' || this.scope.service(name) !== undefined)
      return 'a service is no type'
    if (this.scope.constant(name) !== undefined) return 'a constant is no type'
    const elsewhere = this.missingHint(name) ?? typeElsewhere(name)
    if (elsewhere !== undefined) return elsewhere
    const near = this.scope.nearType(name)
    return near === undefined ? undefined : `did you mean ${near}?`
  }

  /** Said where a name begins with that of an include which was not found. */
  missingHint(name: string): string | undefined {
    const literal = this.missing.get(name.slice(0, Math.max(0, name.lastIndexOf('.'))))
    return literal === undefined
      ? undefined
      : `"${literal.text}", included at line ${literal.position.line}, was not found`
  }

  /** `(js.type = "number")`, on a type, a field or a typedef. Other compilers have other words there. */
  checkJsType(annotations: readonly AnnotationTree[], type: Type): void {
    const annotation = annotations.findLast(({ name }) => name.text === 'js.type')
    if (annotation === undefined) return
    const { name, value } = annotation
    // thriftrw's word for an i64 without loss.
    const known = ['number', 'bigint', 'Long']
    if (baseOf(type) !== 'i64') {
      this.reporter.warning('js-type', name, ['js.type means something on an i64 only, and this is none'])
    } else if (!known.includes(value.text)) {
      const near = nearest(value.text, known)
      this.reporter.warning('js-type', value, [
        `js.type = "${value.text}" is not known: this i64 is a bigint`,
        near === undefined ? 'an i64 may be "number" or "bigint"' : `did you mean "${near}"?`,
      ])
    }
  }

  /** Cuts typedefs that are made of themselves, and refuses those that nest too deep. */
  checkTypedefs(): void {
    for (const definition of this.scope.types.values()) {
      if (definition.kind === 'typedef' && !this.depths.has(definition)) this.measure(definition)
    }
  }

  /** How many containers and typedefs stand around the innermost type; by hand, since a chain may be long. */
  private measure(first: Typedef): void {
    const { depths } = this
    const open = new Set<Typedef>([first])
    const stack = [first]
    for (let typedef = stack.at(-1); typedef !== undefined; typedef = stack.at(-1)) {
      const inner = typedefsIn(typedef.type)
      const cycle = inner.find((one) => open.has(one))
      const next = inner.find((one) => !depths.has(one))
      if (cycle === undefined && next !== undefined) {
        open.add(next)
        stack.push(next)
        continue
      }
      const depth = cycle === undefined ? 1 + depthOf(typedef.type, depths) : 0
      if (cycle !== undefined)
        this.cut(typedef, 'typedef-cycle', ['is made of itself', 'a struct may hold itself, a typedef may not'])
      else if (depth > depthMax)
        this.cut(typedef, 'too-deep', [`nests deeper than ${depthMax}`, 'put a struct in between'])
      depths.set(typedef, depth > depthMax ? 0 : depth)
      open.delete(typedef)
      stack.pop()
    }
  }

  private cut(typedef: Typedef, code: string, [what, hint]: readonly [string, string]): void {
    const place: Place = { position: typedef.position, length: typedef.name.length }
    this.reporter.error(code, place, [`typedef ${typedef.name} ${what}`, hint])
    // So that whoever goes on does not go round.
    ;(typedef as { type: Type }).type = unknownType
  }
}

/** The typedefs that a type expression names. */
function typedefsIn(type: Type): Typedef[] {
  if (type.kind === 'map') return [...typedefsIn(type.key), ...typedefsIn(type.value)]
  if (type.kind === 'list' || type.kind === 'set') return typedefsIn(type.element)
  return type.kind === 'named' && type.definition.kind === 'typedef' ? [type.definition] : []
}

function depthOf(type: Type, depths: ReadonlyMap<Typedef, number>): number {
  if (type.kind === 'map') return 1 + Math.max(depthOf(type.key, depths), depthOf(type.value, depths))
  if (type.kind === 'list' || type.kind === 'set') return 1 + depthOf(type.element, depths)
  return type.kind === 'named' && type.definition.kind === 'typedef' ? (depths.get(type.definition) ?? 0) : 0
}

/** A type with its typedefs taken off. */
export function seenThrough(type: Type): Type {
  let seen = type
  while (seen.kind === 'named' && seen.definition.kind === 'typedef') seen = seen.definition.type
  return seen
}

/** Name -> value; of a repeated one the last stands. */
export function annotationsOf(trees: readonly AnnotationTree[]): Annotations {
  return new Map(trees.map(({ name, value }) => [name.text, value.text]))
}

function baseOf(type: Type): BaseName | undefined {
  const seen = seenThrough(type)
  return seen.kind === 'base' ? seen.name : undefined
}
