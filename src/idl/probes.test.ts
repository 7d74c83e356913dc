/**
 * Goal: every corner of the grammar is accepted or refused as Apache's compiler does, or better, at the right place.
 * Method: small texts in test/probes, accepted ones and refused ones with `line:column code`; then properties over any text.
 */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generate } from '../codegen/generate.ts'
import { type Diagnostic, renderDiagnostic } from './diagnostic.ts'
import { type Loaded, loadProgram } from './load.ts'

const probes = join(import.meta.dirname, '../../test/probes')

/** Sections that begin with `=== title`. */
function sections(file: string): readonly (readonly [title: string, text: string])[] {
  return readFileSync(join(probes, file), 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map(
      (section) => [section.slice(0, section.indexOf('\n')).trim(), section.slice(section.indexOf('\n') + 1)] as const,
    )
}

function load(text: string, others: Readonly<Record<string, string>> = {}): Loaded {
  const files: Readonly<Record<string, string>> = { 'main.thrift': text, ...others }
  return loadProgram('main.thrift', { read: (file) => files[file], resolve: (_from, literal) => [literal] })
}

const errorsOf = ({ diagnostics }: Loaded): Diagnostic[] => diagnostics.filter(({ severity }) => severity === 'error')
const shown = (diagnostics: readonly Diagnostic[], text: string): string =>
  diagnostics.map((one) => renderDiagnostic(one, text)).join('\n')

describe('accepted', () => {
  for (const [title, text] of sections('accept.txt')) {
    test(title, () => {
      const loaded = load(text, { 'x.thrift': 'struct X {}' })
      expect(shown(errorsOf(loaded), text)).toBe('')
      generate(loaded.program ?? expect.fail('no program'), { importExtension: 'ts' })
    })
  }
})

describe('refused', () => {
  for (const [title, text] of sections('reject.txt')) {
    const [name, expected] = title.split(' | ') as [string, string]
    test(name, () => {
      const errors = errorsOf(load(text.replace(/\n$/, '')))
      const places = errors.map(({ position, code }) => `${position.line}:${position.column} ${code}`)
      expect(places, shown(errors, text)).toContain(expected)
    })
  }
})

describe('includes', () => {
  const shared = 'struct S { 1: i32 a } enum E { A, B } const i32 C = 5 service V { void f() } exception X {}'

  test('types, constants, members, services of an include', () => {
    const text = `include "shared.thrift"
      struct T { 1: shared.S s = {"a": shared.C} 2: shared.E e = shared.E.B 3: shared.E f = E.B }
      service W extends shared.V { shared.S g(1: list<shared.S> l) throws (1: shared.X x) }
      const i32 D = shared.C`
    expect(shown(errorsOf(load(text, { 'shared.thrift': shared })), text)).toBe('')
  })

  test("an include's includes are not visible", () => {
    const text = 'include "middle.thrift"\nstruct T { 1: shared.S s }'
    const errors = errorsOf(load(text, { 'middle.thrift': 'include "shared.thrift"', 'shared.thrift': shared }))
    expect(errors.map(({ code }) => code)).toEqual(['unknown-type'])
  })

  test('a missing include is a warning, and named where something needs it', () => {
    expect(
      load('include "gone.thrift"\nstruct A {}').diagnostics.map(({ severity, code }) => `${severity} ${code}`),
    ).toEqual(['warning no-such-include'])
    const [error] = errorsOf(load('include "gone.thrift"\nstruct A { 1: gone.X x }'))
    expect(error).toMatchObject({
      code: 'unknown-type',
      suggestion: '"gone.thrift", included at line 1, was not found',
    })
  })

  test('files that include each other are told the whole circle', () => {
    const errors = errorsOf(
      load('include "a.thrift"', { 'a.thrift': 'include "b.thrift"', 'b.thrift': 'include "main.thrift"' }),
    )
    expect(errors[0]?.message).toBe('recursion: main.thrift includes a.thrift includes b.thrift includes main.thrift')
  })

  test('errors of all files are found at once', () => {
    const errors = errorsOf(load('include "a.thrift"\nstruct A { 1: X x }', { 'a.thrift': 'struct B { 1: Y y }' }))
    expect(errors.map(({ file, code }) => `${file} ${code}`)).toEqual([
      'a.thrift unknown-type',
      'main.thrift unknown-type',
    ])
  })

  test('a forgotten qualifier is suggested', () => {
    const [error] = errorsOf(load('include "shared.thrift"\nstruct A { 1: S s }', { 'shared.thrift': shared }))
    expect(error?.suggestion).toBe('did you mean shared.S?')
  })
})

describe('many errors', () => {
  test('one mistake costs one element: the others are still read and checked', () => {
    const text = `struct A {
  1: i32 a
  2 i32 b
  3: Nope c
}
enum E { A = 1.5, B }
service S {
  void f(1: i32 )
  void g(1: Missing m)
}
const i32 X = "x"
struct A {}`
    const errors = errorsOf(load(text))
    expect(errors.map(({ position, code }) => `${position.line} ${code}`)).toEqual([
      '3 syntax',
      '6 syntax',
      '8 syntax',
      '12 duplicate-definition',
      '4 unknown-type',
      '9 unknown-type',
      '11 wrong-value',
    ])
  })
})

describe('how it is shown', () => {
  test('file, line, column, the line, a caret, a suggestion', () => {
    const text = 'struct Work {}\nstruct A {\n\t1: Wrok w\n}'
    const [error] = errorsOf(load(text))
    expect(renderDiagnostic(error as Diagnostic, text)).toBe(
      [
        'main.thrift:3:5: error: there is no type "Wrok" [unknown-type]',
        '  \t1: Wrok w',
        '  \t   ^^^^',
        '  = did you mean Work?',
      ].join('\n'),
    )
  })
})

describe('any text', () => {
  const words = [
    'struct',
    'A',
    '{',
    '}',
    '1:',
    'i32',
    'a',
    ',',
    'list<',
    '>',
    '=',
    '"x"',
    '(',
    ')',
    'service',
    'void',
    'f',
    'enum',
    'const',
    '5',
    '/*',
    '*/',
    '//',
    '\n',
    'include',
    'throws',
    '[',
    ']',
    '-',
    '"',
    '1.5',
    'oneway',
  ]
  const finishes = (text: string): void => {
    const { diagnostics, program } = load(text)
    expect(program === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'))
    for (const one of diagnostics) renderDiagnostic(one, text)
  }

  test('ends with a program or with errors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((list) => list.join(' ')),
        finishes,
      ),
      { numRuns: 3000 },
    )
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), finishes), { numRuns: 1000 })
  })

  test('so does a valid file cut at every byte', () => {
    const text = readFileSync(join(probes, '../golden/idl/kitchen.thrift'), 'utf8').replace(/^include.*$/m, '')
    for (let length = 0; length <= text.length; length++) finishes(text.slice(0, length))
  })

  test('nesting of 100,000 is an error, not a crash', () => {
    for (const deep of [
      `struct A { 1: ${'list<'.repeat(100_000)}`,
      `const i32 A = ${'['.repeat(100_000)}`,
      'struct A {'.repeat(50_000),
      '('.repeat(100_000),
    ])
      finishes(deep)
  })

  test('time grows with the text, not faster', () => {
    const text = Array.from(
      { length: 5000 },
      (_, n) => `struct S${n} { 1: i32 a, 2: string b, 3: list<S${Math.max(0, n - 1)}> c }`,
    ).join('\n')
    expect(load(text).program?.definitions).toHaveLength(5000)
  })
})
