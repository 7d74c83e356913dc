/**
 * Goal: of every change of an IDL is said what it breaks and whom, and nothing is said of what changes nothing.
 * Method: a table of small changes, each read both ways; then properties: no program differs from itself, from what the
 * formatter makes of it, or from what is printed of it.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { probes } from '../../test/support/probes.ts'
import { idlFiles } from '../../test/support/random-idl.ts'
import { diff, type Change } from './diff.ts'
import { rules, type RuleName, type Victim } from './diff-rules.ts'
import { format } from './format.ts'
import { allPrograms } from './includes.ts'
import { loadProgram } from './load.ts'
import { printProgram } from './print.ts'
import type { Program } from './program.ts'

type Texts = Readonly<Record<string, string>>

/** The files of a program by their names; the first is the one that the others belong to. */
function load(texts: Texts): ReadonlyMap<string, Program> {
  const [main = ''] = Object.keys(texts)
  const { program, diagnostics } = loadProgram(main, { read: (file) => texts[file], resolve: (_, file) => [file] })
  if (program === undefined) return expect.fail(`${JSON.stringify(diagnostics)}\n${texts[main]}`)
  return new Map(allPrograms(program).map((one) => [one.file, one]))
}

function changes(old: string | Texts, now: string | Texts): readonly Change[] {
  const files = (texts: string | Texts): Texts => (typeof texts === 'string' ? { 'main.thrift': texts } : texts)
  return diff(load(files(old)), load(files(now)))
}

const names = (found: readonly Change[]): RuleName[] => found.map(({ rule }) => rule)

/** What is told of a change, and of the change back. */
type Case = readonly [title: string, old: string, now: string, there: readonly RuleName[], back: readonly RuleName[]]

const struct = (fields: string): string => `struct B {} struct C { 1: i32 x } enum E { P, Q } struct S { ${fields} }`
const service = (functions: string): string => `exception X {} exception Y { 1: i32 y } service S { ${functions} }`

const fields: readonly Case[] = [
  ['optional field', struct(''), struct('1: optional i32 a'), ['optional-field-added'], ['field-removed']],
  ['struct field, absent by itself', struct(''), struct('1: C a'), ['optional-field-added'], ['field-removed']],
  ['field without a keyword', struct(''), struct('1: i32 a'), ['field-added'], ['field-removed']],
  ['field with a default', struct(''), struct('1: optional i32 a = 1'), ['field-added'], ['field-removed']],
  ['required field', struct(''), struct('1: required i32 a'), ['required-field-added'], ['required-field-removed']],
  ['id', struct('1: i32 a'), struct('2: i32 a'), ['field-id-changed'], ['field-id-changed']],
  [
    'swapped ids',
    struct('1: i32 a 2: i32 b'),
    struct('1: i32 b 2: i32 a'),
    ['field-id-changed', 'field-id-changed'],
    ['field-id-changed', 'field-id-changed'],
  ],
  ['order alone', struct('1: i32 a 2: i32 b'), struct('2: i32 b 1: i32 a'), [], []],
  ['id given away', struct('1: i32 a'), struct('1: string b'), ['field-id-reused'], ['field-id-reused']],
  ['type', struct('1: i32 a'), struct('1: i64 a'), ['field-type-changed'], ['field-type-changed']],
  [
    'type inside a container',
    struct('1: map<i32, list<i32>> a'),
    struct('1: map<i32, list<i64>> a'),
    ['field-type-changed'],
    ['field-type-changed'],
  ],
  ['list and set', struct('1: list<i32> a'), struct('1: set<i32> a'), ['field-type-changed'], ['field-type-changed']],
  ['another struct', struct('1: C a'), struct('1: B a'), ['field-type-changed'], ['field-type-changed']],
  ['i32 and enum', struct('1: i32 a'), struct('1: E a'), ['enum-or-number'], ['enum-or-number']],
  [
    'i64 and number',
    struct('1: i64 a'),
    struct('1: i64 a (js.type = "number")'),
    ['js-type-changed'],
    ['js-type-changed'],
  ],
  ['byte and i8', struct('1: byte a'), struct('1: i8 a'), [], []],
  ['text and bytes', struct('1: string a'), struct('1: binary a'), ['text-became-binary'], ['binary-became-text']],
  [
    'text and bytes in a list',
    struct('1: list<string> a'),
    struct('1: list<binary> a'),
    ['text-became-binary'],
    ['binary-became-text'],
  ],
  [
    'made required',
    struct('1: optional i32 a'),
    struct('1: required i32 a'),
    ['field-made-required'],
    ['field-no-longer-required'],
  ],
  [
    'required and no keyword',
    struct('1: i32 a'),
    struct('1: required i32 a'),
    ['field-made-required'],
    ['field-no-longer-required'],
  ],
  [
    'optional and no keyword',
    struct('1: optional i32 a'),
    struct('1: i32 a'),
    ['presence-changed'],
    ['presence-changed'],
  ],
  [
    'optional struct',
    struct('1: optional C a'),
    struct('1: C a'),
    ['requiredness-reworded'],
    ['requiredness-reworded'],
  ],
  ['default', struct('1: i32 a = 1'), struct('1: i32 a = 2'), ['default-changed'], ['default-changed']],
  [
    'default where there was none',
    struct('1: i32 a'),
    struct('1: i32 a = 2'),
    ['default-changed'],
    ['default-changed'],
  ],
  ['default by another name', struct('1: E a = E.Q'), struct('1: E a = 1'), [], []],
  ['name', struct('1: i32 a'), struct('1: i32 b'), ['field-renamed'], ['field-renamed']],
  [
    'name and requiredness',
    struct('1: i32 a'),
    struct('1: required i32 b'),
    ['field-renamed', 'field-made-required'],
    ['field-renamed', 'field-no-longer-required'],
  ],
  [
    'automatic ids',
    struct('i32 a i32 b'),
    struct('i32 b i32 a'),
    ['field-id-changed', 'field-id-changed'],
    ['field-id-changed', 'field-id-changed'],
  ],
  ['doc and other annotations', struct('1: i32 a'), struct('/** a */ 1: i32 a (cpp.x = "y")'), [], []],
  ['arm of a union', 'union U { 1: i32 a }', 'union U { 1: i32 a 2: i32 b }', ['arm-added'], ['arm-removed']],
]

const definitions: readonly Case[] = [
  ['a struct', '', 'struct A { 1: i32 a }', ['definition-added'], ['type-removed']],
  ['a constant', '', 'const i32 A = 1', ['definition-added'], ['constant-removed']],
  [
    'a struct called otherwise',
    'struct A { 1: i32 a 2: A next }',
    'struct B { 1: i32 a 2: B next }',
    ['type-renamed'],
    ['type-renamed'],
  ],
  [
    'a struct called otherwise, with another field',
    `struct A { 1: i32 a } ${service('A f()')}`,
    `struct B { 1: i32 a 2: optional i32 b } ${service('B f()')}`,
    ['type-renamed', 'optional-field-added'],
    ['type-renamed', 'field-removed'],
  ],
  ['struct and union', 'struct A { 1: i32 a }', 'union A { 1: i32 a }', ['kind-changed'], ['kind-changed']],
  [
    'struct and exception',
    'struct A { 1: i32 a }',
    'exception A { 1: i32 a }',
    ['exception-or-struct'],
    ['exception-or-struct'],
  ],
  ['typedef and struct', 'typedef i32 A', 'struct A {}', ['kind-changed'], ['kind-changed']],
  ['typedef', 'typedef i32 A', 'typedef i64 A', ['typedef-changed'], ['typedef-changed']],
  [
    'typedef and what uses it',
    'typedef i32 A struct S { 1: A a }',
    'typedef i64 A struct S { 1: A a }',
    ['typedef-changed', 'field-type-changed'],
    ['typedef-changed', 'field-type-changed'],
  ],
  [
    'typedef for what it stands for',
    'typedef i32 A struct S { 1: A a }',
    'typedef i32 A struct S { 1: i32 a }',
    [],
    [],
  ],
  ['member', 'enum E { A }', 'enum E { A, B }', ['member-added'], ['member-removed']],
  ['number of a member', 'enum E { A = 1 }', 'enum E { A = 2 }', ['member-renumbered'], ['member-renumbered']],
  [
    'member put in the middle',
    'enum E { A, C }',
    'enum E { A, B, C }',
    ['member-renumbered', 'member-added'],
    ['member-removed', 'member-renumbered'],
  ],
  ['name of a member', 'enum E { A = 1 B = 2 }', 'enum E { A = 1 C = 2 }', ['member-renamed'], ['member-renamed']],
  ['value of a constant', 'const i32 A = 1', 'const i32 A = 2', ['constant-changed'], ['constant-changed']],
  [
    'same value of a constant',
    'enum E { P, Q } const map<i32, E> A = { 1: E.Q }',
    'enum E { P, Q } const map<i32, E> A = { 1: 1 }',
    [],
    [],
  ],
  ['type of a constant', 'const i32 A = 1', 'const i64 A = 1', ['constant-type-changed'], ['constant-type-changed']],
  ['namespace', 'namespace java a', 'namespace java b', ['namespace-changed'], ['namespace-changed']],
  ['namespace where there was none', '', 'namespace java b', ['namespace-added'], ['namespace-changed']],
]

const args = (list: string, annotation = ''): string => service(`i32 f(${list}) ${annotation}`)

const methods: readonly Case[] = [
  ['service', '', 'service S { i32 f(1: i32 a) }', ['definition-added'], ['service-removed']],
  [
    'service called otherwise',
    'service S { i32 f(1: i32 a) }',
    'service T { i32 f(1: i32 a) }',
    ['service-renamed'],
    ['service-renamed'],
  ],
  ['method', service(''), service('void f()'), ['method-added'], ['method-removed']],
  [
    'method called otherwise',
    service('i32 f(1: i32 a) void h()'),
    service('void h() i32 g(1: i32 a)'),
    ['method-renamed'],
    ['method-renamed'],
  ],
  ['oneway', service('void f()'), service('oneway void f()'), ['oneway-changed'], ['oneway-changed']],
  ['result', service('void f()'), service('i32 f()'), ['result-added'], ['result-removed']],
  ['type of a result', service('i32 f()'), service('string f()'), ['result-type-changed'], ['result-type-changed']],
  [
    'result in other words',
    service('i64 f()'),
    service('i64 (js.type = "number") f()'),
    ['js-type-changed'],
    ['js-type-changed'],
  ],
  ['argument', args(''), args('1: i32 a'), ['argument-added'], ['argument-removed']],
  ['argument with a default', args(''), args('1: i32 a = 5'), ['defaulted-argument-added'], ['argument-removed']],
  ['type of an argument', args('1: i32 a'), args('1: bool a'), ['field-type-changed'], ['field-type-changed']],
  ['id of an argument', args('1: i32 a'), args('2: i32 a'), ['field-id-changed'], ['field-id-changed']],
  ['id of an argument given away', args('1: i32 a'), args('1: string b'), ['field-id-reused'], ['field-id-reused']],
  ['name of an argument', args('1: i32 a'), args('1: i32 b'), ['argument-renamed'], ['argument-renamed']],
  [
    'order of arguments',
    args('1: i32 a 2: i32 b'),
    args('2: i32 b 1: i32 a'),
    ['arguments-reordered'],
    ['arguments-reordered'],
  ],
  ['default of an argument', args('1: i32 a = 1'), args('1: i32 a = 2'), ['default-changed'], ['default-changed']],
  ['exception', service('void f()'), service('void f() throws (1: X x)'), ['exception-added'], ['exception-removed']],
  [
    'another exception',
    service('void f() throws (1: X x)'),
    service('void f() throws (1: Y x)'),
    ['exception-changed'],
    ['exception-changed'],
  ],
  ['name in throws', service('void f() throws (1: X x)'), service('void f() throws (1: X y)'), [], []],
  [
    'weaker delivery',
    service('void f()'),
    service('void f() (delivery = "at-least-once")'),
    ['delivery-weakened'],
    ['delivery-strengthened'],
  ],
  [
    'delivery of the service',
    'service S { void f() }',
    'service S { void f() } (delivery = "exactly-once")',
    ['delivery-strengthened'],
    ['delivery-weakened'],
  ],
  [
    'delivery said in another place',
    'service S { void f() (delivery = "exactly-once") }',
    'service S { void f() } (delivery = "exactly-once")',
    [],
    [],
  ],
  [
    'effect',
    args('1: i32 a', '(delivery = "exactly-once")'),
    args('1: i32 a', '(delivery = "exactly-once", effect = "external")'),
    ['effect-changed'],
    ['effect-changed'],
  ],
  ['key', args('1: i32 a'), args('1: i32 a', '(key = "a")'), ['key-added'], ['key-removed']],
  [
    'another key',
    args('1: i32 a 2: i32 b', '(key = "a")'),
    args('1: i32 a 2: i32 b', '(key = "b")'),
    ['key-changed'],
    ['key-changed'],
  ],
  [
    'key called otherwise',
    args('1: i32 a', '(key = "a")'),
    args('1: i32 b', '(key = "b")'),
    ['argument-renamed'],
    ['argument-renamed'],
  ],
  [
    'base with the same methods',
    'service A { void f() } service S extends A {}',
    'service A { void f() } service S { void f() }',
    ['base-changed'],
    ['base-changed'],
  ],
  [
    'base and its methods',
    'service A { void f() } service S extends A {}',
    'service A { void f() } service S {}',
    ['method-removed', 'base-changed'],
    ['method-added', 'base-changed'],
  ],
  [
    'inherited method',
    'service A { void f() } service S extends A {}',
    'service A {} service S extends A {}',
    ['method-removed'],
    ['method-added'],
  ],
]

const table = [...fields, ...definitions, ...methods]

describe('each change, there and back', () => {
  test.each(table)('%s', (_, old, now, there, back) => {
    expect(names(changes(old, now))).toEqual(there)
    expect(names(changes(now, old))).toEqual(back)
  })

  test('no rule is without a case', () => {
    const shown = new Set(table.flatMap(([, , , there, back]) => [...there, ...back]))
    const elsewhere: readonly RuleName[] = ['definition-moved'] // needs two files, below
    expect(Object.keys(rules).filter((rule) => !shown.has(rule as RuleName))).toEqual(elsewhere)
  })
})

describe('whom it breaks', () => {
  const required = 'struct B { 1: required i32 n }'
  const sent = (body: string): string => `${body} service S { void put(1: list<B> b) }`
  const answered = (body: string): string => `${body} exception E { 1: B b } service S { void get() throws (1: E e) }`

  test.each<[string, string, string, readonly Victim[]]>([
    [
      'required field, of what clients send',
      sent('struct B {}'),
      sent(required),
      ['old-client', 'stored-data', 'typescript'],
    ],
    [
      'required field, of what servers answer',
      answered('struct B {}'),
      answered(required),
      ['new-client', 'stored-data', 'typescript'],
    ],
    [
      'no longer required, of what clients send',
      sent(required),
      sent('struct B { 1: optional i32 n }'),
      ['new-client', 'stored-data', 'typescript'],
    ],
    [
      'required field of what no service uses',
      'struct B {}',
      required,
      ['old-client', 'new-client', 'stored-data', 'typescript'],
    ],
    ['a name', 'struct B { 1: i32 n }', 'struct B { 1: i32 m }', ['named-calls', 'typescript']],
    ['an argument', args(''), args('1: i32 a'), ['old-client', 'typescript']],
    ['an exception', service('void f()'), service('void f() throws (1: X x)'), ['old-client']],
    ['a method', service('void f()'), service(''), ['old-client', 'typescript']],
    ['a delivery', service('void f()'), service('void f() (delivery = "at-least-once")'), ['old-client', 'new-client']],
    ['a namespace', 'namespace java a', 'namespace java b', ['other-languages']],
    ['nobody', 'struct A {}', 'struct A { 1: optional i32 a }', []],
  ])('%s', (_, old, now, who) => {
    expect(changes(old, now).map((change) => change.who)).toEqual([who])
  })
})

describe('where', () => {
  test('both places of what changed, or of what it was or is in', () => {
    const old = 'struct A {\n  1: i32 a\n}'
    const now = 'struct A {\n\n  1: i64 a\n  2: optional i32 b\n}'
    const places = changes(old, now).map(({ old: was, now: is }) => [was?.position, is?.position])
    expect(places).toEqual([
      [
        { line: 2, column: 10 },
        { line: 3, column: 10 },
      ],
      [
        { line: 1, column: 8 },
        { line: 4, column: 19 },
      ],
    ])
  })

  test('what moved to an included file is known there', () => {
    const apart = {
      'main.thrift': 'include "b.thrift" struct A { 1: b.B b } service S { b.B f(1: A a) }',
      'b.thrift': 'struct B { 1: i32 x }',
    }
    const together = 'struct B { 1: i32 x } struct A { 1: B b } service S { B f(1: A a) }'
    expect(names(changes(together, apart))).toEqual(['definition-moved'])
    expect(names(changes(apart, together))).toEqual(['definition-moved'])
  })
})

describe('nothing', () => {
  const same = (texts: Texts): void => {
    const old = load(texts)
    expect(diff(old, load(texts))).toEqual([])
    const formatted = Object.entries(texts).map(([name, text]) => [name, format(text, name).text ?? ''] as const)
    expect(diff(old, load(Object.fromEntries(formatted)))).toEqual([])
    const printed = [...old].reverse().map(([name, program]) => [name, printProgram(program)] as const)
    expect(diff(old, load(Object.fromEntries(printed)))).toEqual([])
  }

  test('differs between a probe and itself, formatted or printed', () => {
    for (const { files } of probes('accept')) same(Object.fromEntries(files))
  })

  test('differs between any program and itself, formatted or printed', () => {
    fc.assert(fc.property(idlFiles, same), { numRuns: 100 })
  })

  test('is so bad that any two programs could not be compared', () => {
    const known = new Set(Object.keys(rules))
    fc.assert(
      fc.property(idlFiles, idlFiles, (old, now) => {
        for (const { rule, what, who } of changes(old, now)) {
          expect(known.has(rule)).toBe(true)
          expect(what).not.toMatch(/undefined|\[object/)
          expect(who.length > 0).toBe(rules[rule].breaks.length > 0)
        }
      }),
      { numRuns: 100 },
    )
  })
})
