/**
 * The IDL compiler. Of any text: it is a program or has errors with places inside it; a program becomes TypeScript that
 * parses.
 */
import assert from 'node:assert/strict'
import ts from 'typescript'
import { generate } from '../../../src/codegen/generate.ts'
import { Definitions } from '../../../src/dynamic/definitions.ts'
import { type Diagnostic, renderDiagnostic } from '../../../src/idl/diagnostic.ts'
import { format } from '../../../src/idl/format.ts'
import { loadProgram, type SourceHost } from '../../../src/idl/load.ts'
import { printProgram } from '../../../src/idl/print.ts'
import type { Program } from '../../../src/idl/program.ts'
import type { Target } from '../fuzz/target.ts'
import { decoded } from './codecs.ts'

const shared =
  'namespace js s\nstruct S { 1: i32 x = 5, 2: string y }\nenum E { A, B = 5 }\nconst i32 C = 7\nservice Base { void b() }'

const texts = [
  shared,
  'include "shared.thrift"\nstruct T { 1: shared.S s = {"x": 1}, 2: list<map<string, shared.E>> l = [{"a": shared.E.A}] }',
  'include "shared.thrift"\nservice X extends shared.Base { oneway void f(1: i32 a), list<T> g() throws (1: Q q) (delivery = "exactly-once") }\nexception Q { 1: string message } struct T { }',
  '/** doc */ union U { 1: i32 a (k = "v"), 2: U b }\ntypedef map<i64, set<binary>> M (x)\nconst M m = {1: ["a", \'b\']}\nconst double d = 1e5\nconst uuid u = "00112233-4455-6677-8899-aabbccddeeff"',
  'enum E { A = 1, B, C = 0x10 } # comment\nconst E e = E.A\nconst bool t = true\nstruct R { 1: required R r, 2: optional i64 s (js.type = "number"); -3: i8 z }\n/* x */ const list<R> rs = []',
  'struct X { 1: i32 a xsd_optional xsd_nillable xsd_attrs { 1: i32 b } } typedef list<i32> cpp_type "x" L\ncpp_include "x"\nsenum S { }',
]

const host = (text: string): SourceHost => ({
  read: (file) => (file === 'main.thrift' ? text : file === 'shared.thrift' ? shared : undefined),
  resolve: (_, literal) => [literal],
})

export const idlTarget: Target = {
  name: 'idl',
  bytesMax: 1024,
  seeds: () => texts.map((text) => new Uint8Array(Buffer.from(text))),
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    const { program, diagnostics } = loadProgram('main.thrift', host(text))
    assert(program !== undefined || diagnostics.some(isError), 'no program and no error')
    for (const diagnostic of diagnostics) {
      assert(isInside(diagnostic, diagnostic.file === 'main.thrift' ? text : shared), 'a place outside of the file')
      assert(renderDiagnostic(diagnostic, text).includes('^'))
    }
    if (program === undefined) return
    const printed = loadProgram('main.thrift', host(printProgram(program)))
    assert.deepEqual(printed.diagnostics.filter(isError), [], 'what was printed has errors')
    assert.equal(printProgram(printed.program as Program), printProgram(program), 'printed again it is another one')
    makeAll(program)
    const made = generate(program, { importExtension: 'ts' })
    const { parseDiagnostics } = ts.createSourceFile('main.ts', made, ts.ScriptTarget.ES2023) as unknown as {
      readonly parseDiagnostics: readonly ts.Diagnostic[]
    }
    assert.deepEqual(
      parseDiagnostics.map(({ messageText }) => messageText),
      [],
      `not TypeScript: ${made}`,
    )
  },
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error'

/** Every struct without generated code, written and read with nothing but its defaults. */
function makeAll({ definitions }: Program): void {
  const made = new Definitions()
  for (const definition of definitions) {
    if (definition.kind === 'service') made.service(definition)
    if (definition.kind === 'struct') decoded(() => made.struct(definition).decode(Uint8Array.of(0)))
  }
}

/** Formatting changes nothing but the looks, and nothing the second time. */
export const formatTarget: Target = {
  name: 'format',
  bytesMax: 512,
  seeds: () => [
    ...idlTarget.seeds(),
    new Uint8Array(Buffer.from('// a\nstruct /* b */ A { # c\n 1: i32 a; /** d */ 2: i32 b, }')),
  ],
  run(input) {
    const text = Buffer.from(input).toString('utf8')
    const once = format(text, 'main.thrift').text
    if (once === undefined) return
    assert.equal(format(once, 'main.thrift').text, once, 'formatted again it is another one')
  },
}

function isInside(
  {
    position,
    length,
  }: { readonly position: { readonly line: number; readonly column: number }; readonly length: number },
  text: string,
): boolean {
  const line = text.split('\n')[position.line - 1]
  return line !== undefined && position.column >= 1 && position.column <= line.length + 1 && length >= 1
}
