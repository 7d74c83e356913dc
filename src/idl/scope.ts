/**
 * What names mean in one file: its own definitions and those of its includes, one level deep.
 *
 * Invariant: types, constants and services are three name spaces, as in Apache's compiler.
 */
import { nearest } from '../std/suggest.ts'
import type { Const, Enum, EnumMember, Include, Program, Service, Struct, Typedef } from './program.ts'

export type TypeDefinition = Typedef | Enum | Struct
interface Member {
  readonly enum: Enum
  readonly member: EnumMember
}

/** Names that are looked at for suggestions; a file with more unknown ones has another mistake. */
const lookedAtMax = 500_000

export class Scope {
  readonly types: Map<string, TypeDefinition> = new Map()
  readonly constants: Map<string, Const> = new Map()
  readonly services: Map<string, Service> = new Map()
  /** Of two includes with one name the last comes first, as in Apache's compiler. */
  private readonly includes: readonly Include[]
  private lookedAt = 0

  constructor(includes: readonly Include[]) {
    this.includes = [...includes].reverse()
  }

  type(name: string): TypeDefinition | undefined {
    return this.types.get(name) ?? this.included(name, (program, local) => scopeOf(program).types.get(local))
  }

  constant(name: string): Const | undefined {
    return this.constants.get(name) ?? this.included(name, (program, local) => scopeOf(program).constants.get(local))
  }

  service(name: string): Service | undefined {
    return this.services.get(name) ?? this.included(name, (program, local) => scopeOf(program).services.get(local))
  }

  /** `Kind.DEBIT`, `shared.Kind.DEBIT`. A member's own name may hold a dot. */
  member(name: string): Member | undefined {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const definition = this.type(name.slice(0, dot))
      const member = definition?.kind === 'enum' ? memberNamed(definition, name.slice(dot + 1)) : undefined
      if (definition?.kind === 'enum' && member !== undefined) return { enum: definition, member }
    }
    return undefined
  }

  /** How a member is written in this file. */
  memberText({ enum: { program, name }, member }: Member): string {
    const isIncluded = this.includes.some((include) => include.program === program)
    return `${isIncluded ? `${program.name}.` : ''}${name}.${member.name}`
  }

  /** The nearest name that a type could have here. */
  nearType(name: string): string | undefined {
    const base = ['bool', 'byte', 'i8', 'i16', 'i32', 'i64', 'double', 'string', 'binary', 'uuid']
    return this.near(name, ({ types }) => types.keys(), base)
  }

  nearConstant(name: string): string | undefined {
    return this.near(name, constantNames)
  }

  nearService(name: string): string | undefined {
    return this.near(name, ({ services }) => services.keys())
  }

  /** The most alike of some names, while there is time to look. */
  alike(word: string, names: () => readonly string[]): string | undefined {
    if (this.lookedAt > lookedAtMax) return undefined
    const all = names()
    this.lookedAt += all.length
    return nearest(word, all)
  }

  /** A name that lacks its qualifier, or else the one most alike. */
  private near(
    name: string,
    namesOf: (scope: Scope) => Iterable<string>,
    others: readonly string[] = [],
  ): string | undefined {
    let unqualified: string | undefined
    const alike = this.alike(name, () => {
      const included = this.includes.flatMap(({ program }) =>
        [...namesOf(scopeOf(program))].map((local) => `${program.name}.${local}`),
      )
      const names = [...namesOf(this), ...others, ...included]
      unqualified = names.find((full) => full.endsWith(`.${name}`))
      return names
    })
    return unqualified ?? alike
  }

  private included<T>(name: string, find: (program: Program, local: string) => T | undefined): T | undefined {
    for (const { program } of this.includes) {
      if (!name.startsWith(`${program.name}.`)) continue
      const found = find(program, name.slice(program.name.length + 1))
      if (found !== undefined) return found
    }
    return undefined
  }
}

function constantNames({ types, constants }: Scope): string[] {
  const members = [...types.values()].flatMap((type) =>
    type.kind === 'enum' ? type.members.map((member) => `${type.name}.${member.name}`) : [],
  )
  return [...constants.keys(), ...members]
}

interface Members {
  readonly named: ReadonlyMap<string, EnumMember>
  readonly numbered: ReadonlyMap<bigint, EnumMember>
}

const membersOf = new WeakMap<Enum, Members>()

export function memberNamed(definition: Enum, name: string): EnumMember | undefined {
  return indexed(definition).named.get(name)
}

/** The first that has the number. */
export function memberNumbered(definition: Enum, number: bigint): EnumMember | undefined {
  return indexed(definition).numbered.get(number)
}

function indexed(definition: Enum): Members {
  const known = membersOf.get(definition)
  if (known !== undefined) return known
  const members = [...definition.members].reverse()
  const made = {
    named: new Map(members.map((member) => [member.name, member])),
    numbered: new Map(members.map((member) => [BigInt(member.value), member])),
  }
  membersOf.set(definition, made)
  return made
}

const scopes = new WeakMap<Program, Scope>()

/** Remembers what the names of a checked file mean, for those that include it. */
export function keepScope(program: Program, scope: Scope): void {
  scopes.set(program, scope)
}

function scopeOf(program: Program): Scope {
  return scopes.get(program) ?? new Scope([])
}
