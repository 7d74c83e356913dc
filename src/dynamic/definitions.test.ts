/**
 * Goal: a service without generated code is the service that generated code would be: it writes the same bytes, reads the
 * same values, refuses with the same words. Method: random IDL files and random values of their types, through both, in every
 * codec; the same for the IDL files of test/golden, whose names are the odd ones.
 */
import fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  generated,
  generatedException,
  idlFiles,
  programOf,
  type Thrown,
  valuesOf,
  withExceptions,
} from '../../test/support/random-idl.ts'
import { exceptionFieldName, structFieldName } from '../codegen/names.ts'
import { DeclaredException } from '../errors/declared-exception.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Function, Program, Service as ServiceIdl, Struct } from '../idl/program.ts'
import { compileService } from '../rpc/compile.ts'
import type { CompiledMethod, Service } from '../rpc/service.ts'
import type { Encoding, StructDefinition } from '../wire/shape.ts'
import { decodeWith, encodeWith } from '../wire/struct.ts'
import { Definitions } from './definitions.ts'
import { DynamicException } from './exception.ts'

const encodings: readonly Encoding[] = ['binary', 'compact', 'json', 'plain-json']

/** One program as generated code and as ours. */
class Both {
  readonly program: Program
  readonly definitions = new Definitions()
  private readonly modules: ReturnType<typeof generated>

  constructor(program: Program) {
    this.program = program
    this.modules = generated(program)
  }

  structs(): Struct[] {
    return this.program.definitions.filter((one) => 'fields' in one)
  }

  services(): ServiceIdl[] {
    return this.program.definitions.filter((one) => one.kind === 'service')
  }

  generated<T>(definition: Struct | ServiceIdl): T {
    return this.modules.get(definition.program)?.[definition.name] as T
  }

  ours(definition: Struct): StructDefinition<unknown> {
    const made =
      definition.kind === 'exception' ? this.definitions.exception(definition) : this.definitions.struct(definition)
    return made as StructDefinition<unknown>
  }

  /** The value as generated code has it, and as we have it. */
  forms(value: unknown): readonly [unknown, unknown] {
    return [
      withExceptions(value, (thrown) => generatedException(this.modules, thrown)),
      withExceptions(value, (thrown) => this.dynamicException(thrown)),
    ]
  }

  dynamicException({ definition, fields }: Thrown): DeclaredException {
    return new (this.definitions.exception(definition))(fields as never)
  }
}

/** A value with exceptions as plain data, whichever class they are of. */
function bare(value: unknown, structs: readonly Struct[]): unknown {
  const inside = (item: unknown): unknown => bare(item, structs)
  if (value instanceof DeclaredException) {
    const { name, message } = value
    const fields = structs.find((one) => one.name === name)?.fields ?? []
    const of = (field: Struct['fields'][number]): unknown =>
      value instanceof DynamicException
        ? value.fields[structFieldName(field)]
        : (value as unknown as Record<string, unknown>)[exceptionFieldName(field)]
    const rest = fields.filter((field) => exceptionFieldName(field) !== 'message')
    return { exception: name, message, fields: rest.map((field) => [field.name, inside(of(field))]) }
  }
  if (Array.isArray(value)) return value.map(inside)
  if (value instanceof Set) return [...value].map(inside)
  if (value instanceof Map) return [...value].map(([key, item]) => [inside(key), inside(item)])
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  return Object.entries(value).map(([name, item]) => [name, inside(item)])
}

function sameStruct(both: Both, definition: Struct, value: unknown): void {
  const [theirs, ours] = both.forms(value)
  const [generatedType, ourType] = [both.generated<StructDefinition<unknown>>(definition), both.ours(definition)]
  expect(ourType.fields).toEqual(generatedType.fields)
  for (const encoding of encodings) {
    // A union that has no arms, or none that this value could have, is refused by both.
    const bytes = done(() => encodeWith(encoding, (w) => generatedType.write(w, theirs)))
    expect(done(() => encodeWith(encoding, (w) => ourType.write(w, ours)))).toEqual(bytes)
    if (!(bytes instanceof Uint8Array)) continue
    const read = decodeWith(encoding, bytes, (r) => ourType.read(r))
    const structs = both.structs()
    expect(bare(read, structs)).toEqual(
      bare(
        decodeWith(encoding, bytes, (r) => generatedType.read(r)),
        structs,
      ),
    )
  }
}

/** What is there where the wire had nothing: defaults, zeros, undefined; or what is said of it. */
function sameOfNothing(both: Both): void {
  for (const definition of both.structs()) {
    const read = (type: StructDefinition<unknown>): unknown =>
      done(() => decodeWith('binary', Uint8Array.of(0), (r) => type.read(r)))
    const [theirs, ours] = [read(both.generated(definition)), read(both.ours(definition))]
    expect(bare(ours, both.structs())).toEqual(bare(theirs, both.structs()))
  }
}

/** What it does, or how it fails. */
function done(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    return `${error.code} ${error.executed}: ${error.message}`
  }
}

function functionsOf(service: ServiceIdl): readonly Function[] {
  return [...(service.base === undefined ? [] : functionsOf(service.base)), ...service.functions]
}

describe('random IDL, random values', () => {
  test('structs, unions and exceptions: the same bytes, the same values, in every codec', () => {
    fc.assert(
      fc.property(idlFiles, fc.infiniteStream(fc.nat()), (files, seeds) => {
        const both = new Both(programOf(files))
        for (const definition of both.structs()) {
          const type = { kind: 'named', definition, annotations: new Map() } as const
          const [seed = 0] = seeds
          for (const value of fc.sample(valuesOf(type), { numRuns: 3, seed })) sameStruct(both, definition, value)
        }
        sameOfNothing(both)
        const lenient = Object.entries(files).map(([file, text]) => [file, text.replaceAll('required', '')])
        sameOfNothing(new Both(programOf(Object.fromEntries(lenient) as typeof files)))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('methods: the same table, the same argument and result structs', () => {
    fc.assert(
      fc.property(idlFiles, fc.nat(), (files, seed) => {
        const both = new Both(programOf(files))
        const [service] = both.services() as [ServiceIdl]
        const theirs = compileService(both.generated<Service<unknown>>(service))
        const ours = compileService(both.definitions.service(service))
        expect([...ours.keys()]).toEqual([...theirs.keys()])
        for (const fn of functionsOf(service)) {
          const pair = [theirs.get(fn.name), ours.get(fn.name)] as [CompiledMethod, CompiledMethod]
          const data = ({ name, delivery, isOneway, argumentNames, keyIndex }: CompiledMethod): unknown => [
            ...[name, delivery, isOneway, argumentNames, keyIndex],
          ]
          expect(data(pair[1])).toEqual(data(pair[0]))
          const args = fn.arguments.map(({ type, annotations }) => valuesOf(type, 2, annotations))
          for (const values of fc.sample(fc.tuple(...args), { numRuns: 3, seed })) {
            const forms = both.forms(values) as [unknown[], unknown[]]
            const [bytes, same] = pair.map((method, i) => done(() => method.encodeArguments(forms[i] as unknown[])))
            expect(same).toEqual(bytes)
          }
          const empty = Uint8Array.of(0)
          const [absent, alike] = pair.map((method) => done(() => method.decodeArguments(empty)))
          expect(bare(alike, both.structs())).toEqual(bare(absent, both.structs()))
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

describe('the IDL files of test/golden', () => {
  const folder = join(import.meta.dirname, '../../test/golden/idl')
  const texts = Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  for (const file of Object.keys(texts)) {
    const both = new Both(programOf({ [file]: texts[file] as string, ...texts }))

    test(`${file}: structs`, () => {
      for (const definition of both.structs()) {
        const type = { kind: 'named', definition, annotations: new Map() } as const
        for (const value of fc.sample(valuesOf(type), 20)) sameStruct(both, definition, value)
      }
    })

    test(`${file}: what is read of nothing`, () => {
      sameOfNothing(both)
    })

    test(`${file}: services`, () => {
      for (const service of both.services()) {
        const rows = (value: Service<unknown>): unknown =>
          [...compileService(value)].map(([name, method]) => [name, method.name, method.delivery, method.argumentNames])
        expect(rows(both.definitions.service(service))).toEqual(rows(both.generated(service)))
      }
    })
  }
})

describe('what does not fit', () => {
  const both = new Both(
    programOf({
      'main.thrift': `
        enum Color { RED = 1 }
        struct Tree { 1: required string name, 2: list<Tree> kids, 3: Color color = Color.RED, 4: optional set<i32> tags, 5: map<string, i64> sums }
        union Either { 1: i32 left, 2: Tree right }`,
    }),
  )
  const [tree, either] = both.structs() as [Struct, Struct]
  const whole = { name: 'a', kids: [], color: 1, tags: undefined, sums: new Map() }

  test.each([
    [tree, { ...whole, name: 5 }, 'Tree.name must be a string, not 5'],
    [tree, { ...whole, name: undefined }, 'Tree.name must be a string, not undefined'],
    [tree, { ...whole, kids: 'none' }, 'Tree.kids must be an array, not "none"'],
    [tree, { ...whole, kids: [5] }, 'an element must be a Tree, not 5'],
    [tree, { ...whole, tags: [1] }, 'Tree.tags must be a Set, not an array of 1'],
    [tree, { ...whole, sums: new Map([['a', 1]]) }, 'an element of Tree.sums must be a bigint'],
    [either, { kind: 'left', value: 'x' }, 'Either.left must be a whole number'],
    [
      either,
      { kind: 'middle', value: 1 },
      'Either: a union of kind "middle" cannot be written; its kinds are left, right',
    ],
  ])('%#: named with struct and field', (definition, value, message) => {
    expect(() => encodeWith('binary', (w) => both.ours(definition).write(w, value))).toThrow(message)
  })

  test('of two arms on the wire the last one stands, of none the unknown arm', () => {
    const read = (bytes: number[]): unknown[] =>
      [both.ours(either), both.generated<StructDefinition<unknown>>(either)].map((type) =>
        decodeWith('binary', Uint8Array.from(bytes), (r) => type.read(r)),
      )
    const twice = (arm: unknown): unknown[] => [arm, arm]
    const left = (n: number): number[] => [8, 0, 1, 0, 0, 0, n]
    expect(read([...left(1), ...left(2), 0])).toEqual(twice({ kind: 'left', value: 2 }))
    expect(read([...left(1), 8, 0, 9, 0, 0, 0, 2, 0])).toEqual(twice({ kind: 'unknown', id: 9 }))
    expect(read([0])).toEqual(twice({ kind: 'unknown', id: 0 }))
  })

  test('a field with a default may be left out, as nobody has create() here', () => {
    const { color: _, ...rest } = whole
    const ours = both.ours(tree)
    const bytes = encodeWith('binary', (w) => ours.write(w, rest))
    expect(decodeWith('binary', bytes, (r) => ours.read(r))).toEqual(whole)
  })
})

test('an exception has its name, its fields and a message', () => {
  const program = programOf({ 'main.thrift': 'exception Broke { 1: i64 balance, 2: string name }' })
  const [definition] = program.definitions as [Struct]
  const type = new Definitions().exception(definition)
  const exception = new type({ balance: 5n, name: 'alice' } as never)
  expect(exception).toBeInstanceOf(DeclaredException)
  expect(exception).toBeInstanceOf(type)
  expect(exception).toMatchObject({
    name: 'Broke',
    message: 'balance 5, name alice',
    fields: { balance: 5n, name: 'alice' },
  })
})
