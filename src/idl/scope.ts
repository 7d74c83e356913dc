/**
 * What names mean in one file: its own definitions and those of its includes, one level deep.
 *
 * Invariant: types, constants and services are three name spaces, as in Apache's compiler.
 */
import { nearest } from '../std/suggest.ts'
import type { Const, Enum, EnumMember, Include, Program, Service, Struct, Typedef } from './program.ts'

export type TypeDefinition = Typedef | Enum | Struct

export class Scope {
  readonly types: Map<string, TypeDefinition> = new Map()
  readonly constants: Map<string, Const> = new Map()
  readonly services: Map<string, Service> = new Map()
  private readonly includes: readonly Include[]

  constructor(includes: readonly Include[]) {
    this.includes = includes
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

  /** `Kind.DEBIT`, `shared.Kind.DEBIT`, and, as Apache has it, `Kind.DEBIT` of an included file. */
  member(name: string): { readonly enum: Enum; readonly member: EnumMember } | undefined {
    // A member's own name may hold a dot.
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const prefix = name.slice(0, dot)
      const definitions = [this.type(prefix), ...this.includes.map(({ program }) => scopeOf(program).types.get(prefix))]
      for (const definition of definitions) {
        if (definition?.kind !== 'enum') continue
        const member = definition.members.find((candidate) => candidate.name === name.slice(dot + 1))
        if (member !== undefined) return { enum: definition, member }
      }
    }
    return undefined
  }

  /** The nearest name that a type could have here. */
  nearType(name: string): string | undefined {
    const included = this.includes.flatMap(({ program }) =>
      [...scopeOf(program).types.keys()].map((local) => `${program.name}.${local}`),
    )
    const base = ['bool', 'byte', 'i8', 'i16', 'i32', 'i64', 'double', 'string', 'binary', 'uuid']
    return this.includes.length > 0 && included.some((full) => full.endsWith(`.${name}`))
      ? included.find((full) => full.endsWith(`.${name}`))
      : nearest(name, [...this.types.keys(), ...included, ...base])
  }

  nearConstant(name: string): string | undefined {
    const members = [...this.types.values()].flatMap((type) =>
      type.kind === 'enum' ? type.members.map((member) => `${type.name}.${member.name}`) : [],
    )
    return members.find((full) => full.endsWith(`.${name}`)) ?? nearest(name, [...this.constants.keys(), ...members])
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

const scopes = new WeakMap<Program, Scope>()

/** Remembers what the names of a checked file mean, for those that include it. */
export function keepScope(program: Program, scope: Scope): void {
  scopes.set(program, scope)
}

function scopeOf(program: Program): Scope {
  return scopes.get(program) ?? new Scope([])
}
