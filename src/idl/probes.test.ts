/**
 * Goal: every corner of the grammar is accepted or refused as Apache's compiler does, or better, at the right place.
 * Method: small texts in test/probes, each with all that the compiler says of it (`UPDATE_GOLDEN=1` writes that anew; read
 * it before you commit it). test/apache.test.ts asks Apache's compiler about the same texts. Then properties over any text.
 */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lineOf, load, loadText, probes, updateProbes } from '../../test/support/probes.ts'
import { generate } from '../codegen/generate.ts'
import { type Diagnostic, renderDiagnostic } from './diagnostic.ts'
import type { Loaded } from './load.ts'

const errorsOf = ({ diagnostics }: Loaded): Diagnostic[] => diagnostics.filter(({ severity }) => severity === 'error')
const shown = (diagnostics: readonly Diagnostic[], text: string): string =>
  diagnostics.map((one) => renderDiagnostic(one, text)).join('\n')

if (process.env['UPDATE_GOLDEN'] === '1') for (const file of ['accept', 'reject'] as const) updateProbes(file)

describe.each(['accept', 'reject'] as const)('%s', (file) => {
  const all = probes(file)

  test('several hundred, of different titles', () => {
    expect(all.length).toBeGreaterThan(200)
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
  })

  for (const probe of all) {
    test(probe.title, () => {
      const loaded = load(probe)
      expect(loaded.diagnostics.map(lineOf), shown(loaded.diagnostics, probe.text)).toEqual(probe.expected)
      expect(loaded.program === undefined ? 'reject' : 'accept').toBe(file)
      if (loaded.program !== undefined) generate(loaded.program, { importExtension: 'ts' })
    })
  }
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
    const errors = errorsOf(loadText(text))
    expect(errors.map(({ position, code }) => `${position.line} ${code}`)).toEqual([
      '3 syntax',
      '4 unknown-type',
      '6 syntax',
      '8 syntax',
      '9 unknown-type',
      '11 wrong-value',
      '12 duplicate-definition',
    ])
  })
})

describe('how it is shown', () => {
  test('file, line, column, the line, a caret, a suggestion', () => {
    const text = 'struct Work {}\nstruct A {\n\t1: Wrok w\n}'
    const [error] = errorsOf(loadText(text))
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
  /** Whether the text is accepted; it is told what is wrong with it in any case. */
  const finishes = (text: string): boolean => {
    const { diagnostics, program } = loadText(text)
    expect(program === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'))
    for (const one of diagnostics) renderDiagnostic(one, text)
    return program !== undefined
  }

  test('ends with a program or with errors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((list) => list.join(' ')),
        (text) => void finishes(text),
      ),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => void finishes(text)),
      { numRuns: 1000 },
    )
  })

  test('so does a valid file cut at every byte', () => {
    const text = readFileSync(join(import.meta.dirname, '../../test/golden/idl/kitchen.thrift'), 'utf8').replace(
      /^include.*$/m,
      '',
    )
    for (let length = 0; length <= text.length; length++) finishes(text.slice(0, length))
  })

  const times = (n: number, line: (i: number) => string): string =>
    Array.from({ length: n }, (_, i) => line(i)).join('\n')

  test('nesting of 100,000 is an error, not a crash', () => {
    for (const deep of [
      `struct A { 1: ${'list<'.repeat(100_000)}`,
      `const i32 A = ${'['.repeat(100_000)}`,
      `const i32 A = ${'{'.repeat(100_000)}`,
      'struct A {'.repeat(50_000),
      '('.repeat(100_000),
      `struct A { 1: i32 a ${'()'.repeat(100_000)} }`,
      `struct A { ${'1: i32 a xsd_attrs { '.repeat(20_000)}`,
      `const i64 A = ${'9'.repeat(100_000)}`,
      `typedef i32 T0\n${times(20_000, (i) => `typedef list<T${i}> T${i + 1}`)}\nstruct A { 1: T20000 a }`,
      `${times(20_000, (i) => `typedef T${i + 1} T${i}`)}\ntypedef i32 T20000`,
      `struct S0 {}\n${times(5_000, (i) => `struct S${i + 1} { 1: S${i} a = {} }`)}`,
      `service S0 {}\n${times(5_000, (i) => `service S${i + 1} extends S${i} { void f${i}() }`)}`,
    ]) {
      expect(finishes(deep)).toBe(false)
    }
  })

  test('what is long in a row is no nesting', () => {
    for (const long of [
      times(20_000, (i) => `const i32 A${i} = ${i === 0 ? '1' : `A${i - 1}`}`),
      times(20_000, (i) => `const ${i % 2 === 0 ? 'i32' : 'i64'} A${i} = ${i === 0 ? '1' : `A${i - 1}`}`),
      times(20_000, (i) => `struct S${i} { 1: optional S${i + 1} a }`).concat('\nstruct S20000 {}'),
      `enum E {\n${times(20_000, (i) => `  M${i}`)}\n}\n${times(20_000, (i) => `const E C${i} = E.M${i}`)}`,
    ])
      expect(errorsOf(loadText(long))).toEqual([])
  })

  test('a short text that stands for an endless one is refused', () => {
    const twice = (i: number): string => `const ${'list<'.repeat(i + 1)}i32${'>'.repeat(i + 1)} A${i}`
    const doubling = times(40, (i) => `${twice(i)} = ${i === 0 ? '[1]' : `[A${i - 1}, A${i - 1}]`}`)
    expect(errorsOf(loadText(doubling))[0]).toMatchObject({ code: 'too-large', position: { line: 20 } })
    const defaults = times(40, (i) => `struct S${i} { ${i === 0 ? '' : `1: S${i - 1} a = {} 2: S${i - 1} b = {}`} }`)
    expect(errorsOf(loadText(defaults))[0]).toMatchObject({ code: 'too-large' })
  })

  test('500 services may extend each other in a row, and one more may not', () => {
    const services = (count: number): string =>
      `service S0 {}\n${times(count, (i) => `service S${i + 1} extends S${i} {}`)}`
    expect(errorsOf(loadText(services(500)))).toEqual([])
    expect(errorsOf(loadText(services(501)))).toMatchObject([{ code: 'too-deep', position: { line: 502 } }])
  })

  test('many mistakes among many names: all are told, and the nearest names as long as that is quick', () => {
    const known = times(20_000, (i) => `struct Known${i} {}`)
    const { diagnostics } = loadText(`${known}\nstruct S { ${times(20_000, (i) => `${i + 1}: Knwn${i} f${i}`)} }`)
    expect(diagnostics).toHaveLength(20_000)
    expect(diagnostics[0]?.suggestion).toContain('Known0')
    for (const diagnostic of diagnostics) expect(renderDiagnostic(diagnostic, known)).toContain('^')
  })

  test('so are files that include each other in a long row', () => {
    const files = new Map(Array.from({ length: 1000 }, (_, i) => [`f${i}.thrift`, `include "f${i + 1}.thrift"`]))
    expect(errorsOf(loadText('include "f0.thrift"', files))[0]).toMatchObject({ code: 'too-deep', file: 'f198.thrift' })
  })

  test('time grows with the text, not faster', () => {
    const text = Array.from(
      { length: 5000 },
      (_, n) => `struct S${n} { 1: i32 a, 2: string b, 3: list<S${Math.max(0, n - 1)}> c }`,
    ).join('\n')
    expect(loadText(text).program?.definitions).toHaveLength(5000)
  })
})
