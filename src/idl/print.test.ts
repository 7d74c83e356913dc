/**
 * Goal: the printed text means the program it was printed from, and there is one text for one program. Method: every
 * accepted probe of the grammar, the IDL files of test/golden and random files: what is generated from the printed text is
 * what is generated from the original, generated code that runs has the text, and printing it again changes nothing.
 */
import fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probes } from '../../test/support/probes.ts'
import { generated, idlFiles, programOf } from '../../test/support/random-idl.ts'
import { generate } from '../codegen/generate.ts'
import type { Idl } from '../rpc/service.ts'
import { format } from './format.ts'
import { printDefinition, printProgram } from './print.ts'
import type { Program } from './program.ts'

const root = join(import.meta.dirname, '../..')

function sameProgram(files: Readonly<Record<string, string>>): void {
  const [main = '', ...others] = Object.keys(files)
  const program = programOf(files)
  const printed = printProgram(program)
  const again = programOf({
    [main]: printed,
    ...Object.fromEntries(others.map((file) => [file, files[file] as string])),
  })
  expect(printProgram(again)).toBe(printed)
  expect(format(printed, main).text?.trim()).toBe(printed.trim())
  const { $idl } = generated(program).get(program) as { readonly $idl: Idl }
  expect($idl.text).toBe(printed)
  const typescript = (one: Program): string => generate(one, { importExtension: 'ts' })
  expect(typescript(again)).toBe(typescript(program))
}

describe('the same program', () => {
  for (const { title, files } of probes('accept')) {
    test(`probe: ${title}`, () => sameProgram(Object.fromEntries(files)))
  }

  const folder = join(root, 'test/golden/idl')
  const golden = Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  test.each(Object.keys(golden))('golden: %s', (file) => sameProgram({ [file]: golden[file] as string, ...golden }))

  test('random files', () => {
    fc.assert(fc.property(idlFiles, sameProgram), { numRuns: 100 })
  }, 60_000)

  test('text of any characters, in doc comments and in strings', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((some) => some.replaceAll('*/', ''))
    fc.assert(
      fc.property(text, text, (doc, value) => {
        const escaped = value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
        sameProgram({
          'main.thrift': `/** a\n * ${doc}\n */\nstruct S {\n/** ${doc}*/ 1: string a = "${escaped}" (k = "${escaped}") }`,
        })
      }),
    )
  })
})

describe('one form', () => {
  const printed = (text: string): string => {
    const { definitions } = programOf({ 'main.thrift': text })
    return printDefinition(definitions.at(-1) ?? expect.fail('no definition'))
  }

  test('small things stand on one line, large ones and documented ones do not', () => {
    expect(printed('enum E{A;B=5,C}')).toBe('enum E { A = 0, B = 5, C = 6 }')
    expect(printed('struct S{1:byte a,optional string b}')).toBe('struct S { 1: i8 a, -1: optional string b }')
    expect(printed('struct S{/** why */1:i32 a}')).toBe('struct S {\n  /** why */\n  1: i32 a,\n}')
  })

  test('a function breaks behind its arguments, and between them only where they do not fit', () => {
    const long = 'aNameThatSaysQuiteExactlyWhatIsMeantByTheArgument'
    expect(
      printed(
        `exception X {} service S { i64 f(1: i64 ${long}) throws (1: X x) (delivery = "exactly-once", key = "${long}") }`,
      ),
    ).toBe(`service S {
  i64 f(1: i64 ${long})
    throws (1: X x)
    (delivery = "exactly-once", key = "${long}"),
}`)
    expect(printed(`service S { i64 f(1: i64 ${long}1, 2: i64 ${long}2) }`)).toBe(`service S {
  i64 f(
    1: i64 ${long}1,
    2: i64 ${long}2,
  ),
}`)
  })

  test('values of an enum that only an include of an include can name are numbers', () => {
    const program = programOf({
      'main.thrift': 'include "middle.thrift"\nconst middle.Shade S = 7\nconst middle.Own T = middle.Own.X',
      'middle.thrift': 'include "deep.thrift"\ntypedef deep.Color Shade\nenum Own { X = 3 }',
      'deep.thrift': 'enum Color { RED = 7 }',
    })
    expect(printProgram(program)).toBe(
      'include "middle.thrift"\n\nconst middle.Shade S = 7\nconst middle.Own T = middle.Own.X\n',
    )
  })
})
