/**
 * Which definition of the new IDL is which of the old: by name, else by what it is and where it is used.
 *
 * Invariant: a definition has one partner at most.
 */
import type { Definition, Function, Program, Service, Struct, Type } from './program.ts'

/** Files by the name under which they are compared. */
export type Files = ReadonlyMap<string, Program>

export class Pairs {
  /** Old -> new. */
  private readonly partners = new Map<Definition, Definition>()
  private readonly taken = new Set<Definition>()
  private readonly before: readonly Definition[]
  private readonly after: readonly Definition[]

  constructor(before: Files, after: Files) {
    this.before = [...before.values()].flatMap(({ definitions }) => definitions)
    this.after = [...after.values()].flatMap(({ definitions }) => definitions)
    for (const [name, program] of before) {
      const named = byName(after.get(name)?.definitions ?? [])
      for (const definition of program.definitions) this.pair(definition, named.get(nameOf(definition)))
    }
    // In another file now.
    this.pairLonely((definition) => nameOf(definition))
    // Under another name: by what it holds, then by where it is used.
    this.pairLonely((definition) => shapeOf(definition))
    for (const [old, now] of this.partners) this.pairUsed(old, now)
  }

  all(): Iterable<readonly [old: Definition, now: Definition]> {
    return this.partners
  }

  removed(): Definition[] {
    return this.before.filter((definition) => !this.partners.has(definition))
  }

  added(): Definition[] {
    return this.after.filter((definition) => !this.taken.has(definition))
  }

  isPair(old: Definition, now: Definition): boolean {
    return this.partners.get(old) === now
  }

  private pair(old: Definition, now: Definition | undefined): void {
    if (now === undefined || this.partners.has(old) || this.taken.has(now)) return
    this.partners.set(old, now)
    this.taken.add(now)
  }

  /** Pairs what has no partner, where one old and one new definition alone have the same mark. */
  private pairLonely(mark: (definition: Definition) => string | undefined): void {
    const now = grouped(this.added(), mark)
    for (const [key, [old, ...others]] of grouped(this.removed(), mark)) {
      const candidates = now.get(key) ?? []
      if (old !== undefined && others.length === 0 && candidates.length === 1) this.pair(old, candidates[0])
    }
  }

  /** A type that was replaced by another at the same place is the same under another name. */
  private pairUsed(old: Definition, now: Definition): void {
    const after = new Map(placesIn(now))
    for (const [place, type] of placesIn(old)) {
      const other = after.get(place)
      if (other !== undefined) this.pairTypes(type, other)
    }
  }

  private pairTypes(old: Type, now: Type): void {
    if (old.kind === 'named' && now.kind === 'named') {
      const isAlike = old.definition.kind === now.definition.kind && old.definition.kind !== 'typedef'
      // What is added to the map here is visited by the loop that called.
      if (isAlike) this.pair(old.definition, now.definition)
    } else if (old.kind === 'map' && now.kind === 'map') {
      this.pairTypes(old.key, now.key)
      this.pairTypes(old.value, now.value)
    } else if ('element' in old && 'element' in now) this.pairTypes(old.element, now.element)
  }
}

/** Types, constants and services are three name spaces. */
function nameOf({ kind, name }: Definition): string {
  return `${kind === 'const' || kind === 'service' ? kind : 'type'} ${name}`
}

function byName(definitions: readonly Definition[]): Map<string, Definition> {
  return new Map(definitions.map((definition) => [nameOf(definition), definition]))
}

/** What a definition is apart from its name; undefined for what says too little to be known again. */
function shapeOf(definition: Definition): string | undefined {
  switch (definition.kind) {
    case 'enum':
      return `enum ${definition.members.map(({ name, value }) => `${name}=${value}`).join()}`
    case 'typedef':
    case 'const':
      return undefined
    case 'service':
      if (definition.functions.length === 0) return undefined
      return `service ${definition.functions.map(signatureOf).sort().join()}`
    default:
      if (definition.fields.length === 0) return undefined
      return `${definition.kind} ${fieldsOf(definition.fields, definition)}`
  }
}

export function signatureOf(fn: Function): string {
  return `${fn.name} ${callShapeOf(fn)}`
}

/** What a function is apart from its name. */
export function callShapeOf({ isOneway, returns, arguments: args, throws }: Function): string {
  const result = returns === undefined ? 'void' : typeText(returns, undefined)
  return [isOneway, result, fieldsOf(args, undefined), fieldsOf(throws, undefined)].join(' ')
}

function fieldsOf(fields: Struct['fields'], self: Definition | undefined): string {
  return fields
    .map(({ id, name, type }) => `${id}:${typeText(type, self)} ${name}`)
    .sort()
    .join()
}

/** A type by names; `self` is named alike whatever its name. */
function typeText(type: Type, self: Definition | undefined): string {
  if (type.kind === 'base') return type.name
  if (type.kind === 'named') return type.definition === self ? 'self' : type.definition.name
  if (type.kind === 'map') return `map<${typeText(type.key, self)},${typeText(type.value, self)}>`
  return `${type.kind}<${typeText(type.element, self)}>`
}

/** The types that a definition uses, by places that keep their names from one version to the next. */
function placesIn(definition: Definition): (readonly [place: string, type: Type])[] {
  switch (definition.kind) {
    case 'enum':
      return []
    case 'typedef':
    case 'const':
      return [['', definition.type]]
    case 'service':
      return placesInService(definition)
    default:
      return definition.fields.map(({ id, type }) => [String(id), type])
  }
}

function placesInService({ functions }: Service): (readonly [place: string, type: Type])[] {
  return functions.flatMap(({ name, returns, arguments: args, throws }) => [
    ...(returns === undefined ? [] : [[name, returns] as const]),
    ...args.map(({ id, type }) => [`${name} ${id}`, type] as const),
    ...throws.map(({ id, type }) => [`${name} throws ${id}`, type] as const),
  ])
}

function grouped(
  definitions: readonly Definition[],
  mark: (definition: Definition) => string | undefined,
): Map<string, Definition[]> {
  const groups = new Map<string, Definition[]>()
  for (const definition of definitions) {
    const key = mark(definition)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), definition])
  }
  return groups
}
