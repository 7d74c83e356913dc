/**
 * Goal: services and methods are found by name, arguments are put in order, and whoever misspells one is told what was
 * meant. Method: a catalog of a small IDL with an include; its IDL sent as files and read again.
 */
import { describe, expect, test } from 'vitest'
import { programOf as programOfTexts } from '../../test/support/random-idl.ts'
import { Kitchen } from '../../test/golden/generated/kitchen.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { filesOf } from '../rpc/idl-files.ts'
import type { Service } from '../rpc/service.ts'
import { argumentsByName, Catalog } from './catalog.ts'
import { idlOf, programOf } from './idl.ts'

const program = programOfTexts({
  'bank.thrift': `
    include "base.thrift"
    service Bank extends base.Base {
      i64 debit(1: string account, 2: i64 cents, 3: string note = "none"),
      void then(),
    }
    service Base { void own() }`,
  'base.thrift': 'service Base { string name() }\nservice Other { void f() }',
})
const catalog = new Catalog(program)

function failureOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof OncewireError) return `${error.code} ${error.executed}: ${error.message}`
    throw error
  }
  return expect.fail('it was accepted')
}

describe('names', () => {
  test('a service of the file comes before one of an include', () => {
    expect([...catalog.services.keys()]).toEqual(['Bank', 'Base', 'Other'])
    expect(catalog.method('Base.own').method.name).toBe('Base.own')
  })

  test('a method is found by its name in the IDL, inherited ones under the service that is called', () => {
    expect(catalog.method('Bank.name').method.name).toBe('Bank.name')
    expect(catalog.method('Bank.then').name).toBe('then_')
  })

  test.each([
    [
      'Bnak.debit',
      'unknown-service never: bank.thrift has no service "Bnak". Did you mean "Bank"? It has Bank, Base, Other.',
    ],
    ['Bank.debti', 'unknown-method never: Bank has no method "debti". Did you mean "debit"? It has name, debit, then.'],
    ['debit', 'invalid-argument never: "debit" names no method: write Service.method'],
    ['Bank.', 'invalid-argument never: "Bank." names no method: write Service.method'],
  ])('%s', (name, message) => {
    expect(failureOf(() => catalog.method(name))).toBe(message)
  })
})

describe('arguments', () => {
  const debit = catalog.method('Bank.debit')

  test('are put in order, whatever order they came in; defaults are filled in', () => {
    expect(argumentsByName(debit, { cents: 5n, account: 'alice' })).toEqual(['alice', 5n, 'none'])
    expect(argumentsByName(debit, { cents: 5n, account: 'alice', note: 'x' })).toEqual(['alice', 5n, 'x'])
  })

  test.each([
    [{ acount: 'alice', cents: 5n }, 'no argument "acount". Did you mean "account"? It takes account, cents, note.'],
    [{ account: 'alice' }, 'Bank.debit: argument cents is missing'],
    [{}, 'Bank.debit: arguments account, cents are missing'],
    [['alice', 5n], 'give its arguments by their names: { account, cents, note }'],
    [null, 'give its arguments by their names'],
  ])('%#: refused', (given, message) => {
    expect(failureOf(() => argumentsByName(debit, given as never))).toContain(message)
  })

  test('names that every object has are no arguments', () => {
    const odd = new Catalog(programOfTexts({ 'a.thrift': 'service S { void f(1: i32 toString) }' })).method('S.f')
    expect(failureOf(() => argumentsByName(odd, {}))).toContain('argument toString is missing')
  })
})

describe('IDL as files', () => {
  test('comes back as the same program, whatever names its includes have', () => {
    const texts = {
      'x/main.thrift': 'include "x/a.thrift"\ninclude "x/b.thrift"\nstruct M { 1: a.A a, 2: b.B b }',
      'x/a.thrift': 'include "y/a.thrift"\nstruct A { 1: a.X x }',
      'y/a.thrift': 'include "x/b.thrift"\nstruct X { 1: b.B b }',
      'x/b.thrift': 'struct B {}',
    }
    const files = filesOf(idlOf(programOfTexts(texts)))
    expect(files.map(({ path }) => path)).toEqual(['main.thrift', 'a.thrift', '2/a.thrift', 'b.thrift'])
    expect(filesOf(idlOf(programOf(files)))).toEqual(files)
  })

  test('generated code carries what we would say', () => {
    const { idl } = Kitchen as Service<unknown>
    const [kitchen] = new Catalog(programOf(filesOf(idl?.() ?? expect.fail('no IDL')))).services.values()
    expect(kitchen?.idl?.()).toEqual(idl?.())
  })

  test('that is none is refused with its first error', () => {
    const files = [{ path: 'x.thrift', includes: new Map(), text: 'struct S { 1: strng s, 2: x y }' }]
    expect(failureOf(() => programOf(files))).toMatch(
      /^idl-invalid never: x\.thrift:1:15: error: there is no type "strng".*\(and 1 more\)$/s,
    )
  })
})
