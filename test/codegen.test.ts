/**
 * Goal: generated files stay as they are, pass the compiler under every flag that users have, and carry values.
 * Method: golden files beside their IDL; `UPDATE_GOLDEN=1` writes them anew. Their types are checked with `npm run check`
 * too; here with the flags that our own build does not use.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import fc from 'fast-check'
import type ts from 'typescript'
import { describe, expect, onTestFinished, test } from 'vitest'
import { diskHost } from '../src/driver/idl-disk.ts'
import { generate } from '../src/codegen/generate.ts'
import { allPrograms } from '../src/idl/includes.ts'
import { loadProgram } from '../src/idl/load.ts'
import { Entry, InsufficientFunds, Kind } from './golden/generated/bank.ts'
import { Payment, Tree } from './golden/generated/kitchen.ts'
import { ALL, Choice, Defaults, ODD, Oops, Promise as Promised, Words } from './golden/generated/names.ts'
import { asProject, loadErrors, strictest, typeErrors, writeGenerated } from './support/generated.ts'
import { deepProbes, namedProbes } from './support/named-probes.ts'
import { loadText, probes } from './support/probes.ts'

const golden = join(import.meta.dirname, 'golden')

/** Every generated file of the repository: the folder of its IDL, and where it goes. */
const places: readonly (readonly [idl: string, out: string])[] = [
  ['test/golden/idl', 'test/golden/generated'],
  ['test/interop/idl', 'test/interop/gen'],
  ['examples/atm', 'examples/atm/gen'],
  ['examples/bank', 'examples/bank/gen'],
  ['examples/calc', 'examples/calc/gen'],
  ['examples/kv', 'examples/kv/gen'],
  ['src/driver', 'src/driver/gen'],
  ['src/cli/demo', 'src/cli/demo'],
  ['src/cli/kill', 'src/cli/kill'],
]

describe('golden files', () => {
  const root = join(import.meta.dirname, '..')
  const files = places.flatMap(([idl, out]) =>
    readdirSync(join(root, idl))
      .filter((file) => file.endsWith('.thrift'))
      .map((file) => [`${idl}/${file}`, `${out}/${file.replace('.thrift', '.ts')}`] as const),
  )
  test.each(files)('%s', (idl, out) => {
    const { program } = loadProgram(join(root, idl), diskHost([]))
    const text = generate(program ?? expect.fail('it has errors'), { importExtension: 'ts' })
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(join(root, out), text)
    expect(text).toBe(readFileSync(join(root, out), 'utf8'))
  })

  test('the example of the design comes out as it was drawn', () => {
    const text = readFileSync(join(golden, 'generated', 'bank.ts'), 'utf8')
    expect(text).toContain(`export const Entry: Struct<Entry, 'kind'> = /* @__PURE__ */ struct<Entry, 'kind'>({`)
    expect(text).not.toMatch(/\bany\b/)
  })
})

test('a bundle that uses one struct of a file holds neither its services nor its IDL', async () => {
  const { outputFiles } = await build({
    stdin: { contents: `import { Entry } from './bank.ts'; use(Entry)`, resolveDir: join(golden, 'generated') },
    external: ['oncewire/stub/v1'],
    bundle: true,
    write: false,
    format: 'esm',
  })
  const text = outputFiles[0]?.text
  expect(text).toContain('name: "Entry"')
  expect(text).not.toMatch(/service Bank|name: "Bank"|InsufficientFunds/)
})

describe('the compiler accepts them', () => {
  const files = readdirSync(join(golden, 'generated')).map((file) => join(golden, 'generated', file))
  const flags: Record<string, ts.CompilerOptions> = {
    'with everything on': strictest,
    'with strict alone': { strict: true, verbatimModuleSyntax: true },
  }
  for (const [name, options] of Object.entries(flags)) {
    test(name, () => expect(typeErrors(files, options)).toEqual([]), 60_000)
  }

  test('and Node loads every accepted probe of the grammar, what nests deep, and every word in every place', () => {
    const folder = mkdtempSync(join(tmpdir(), 'oncewire-generated-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    asProject(folder)
    const texts = [...probes('accept'), ...deepProbes, ...fc.sample(namedProbes, 80)]
    const generated = texts.flatMap(({ title, text, files: others }, n) => {
      const { program } = loadText(text, others)
      return allPrograms(program ?? expect.fail(`${title}: ${text}`)).map((one) =>
        writeGenerated(one, join(folder, String(n), one.file.replace(/\.[^.]*$/, '.ts'))),
      )
    })
    expect(generated.length).toBeGreaterThan(250)
    expect(
      typeErrors(generated).map(
        (error) => `${error}\n${texts[Number(/(\d+)\//.exec(error.slice(folder.length))?.[1])]?.text}`,
      ),
    ).toEqual([])
    expect(loadErrors(folder, generated)).toEqual([])
  }, 120_000)
})

describe('values', () => {
  test('what is encoded comes back, with one shape', () => {
    const entry = Entry.create({ cents: -5n, atMs: 2 ** 52 })
    expect(Entry.decode(Entry.encode(entry))).toEqual({ cents: -5n, kind: Kind.DEBIT, atMs: 2 ** 52, note: undefined })
    expect(Object.keys(Entry.decode(Entry.encode(entry)))).toEqual(['cents', 'kind', 'atMs', 'note'])
  })

  test('recursion, containers, unions', () => {
    const leaf: Tree = {
      id: '00112233-4455-6677-8899-aabbccddeeff',
      kids: [],
      named: new Map(),
      tags: new Set(['a', 'ä', '😀']),
      data: Uint8Array.of(1, 2),
      next: undefined,
      color: undefined,
      buckets: new Map([['x', [1, 2, 3]]]),
    }
    const tree: Tree = { ...leaf, kids: [leaf, leaf], named: new Map([['k', leaf]]), next: leaf, color: 2 }
    expect(Tree.decode(Tree.encode(tree))).toEqual(tree)
    const payment: Payment = { kind: 'tree', value: leaf }
    expect(Payment.decode(Payment.encode(payment))).toEqual(payment)
    expect(() => Payment.encode({ kind: 'unknown', id: 9 })).toThrow(
      /Payment: a union of kind "unknown" cannot be written; its kinds are card, cash, tree/,
    )
    // An arm that this version does not know: a struct with a field 9.
    expect(Payment.decode(Uint8Array.of(8, 0, 9, 0, 0, 0, 1, 0))).toEqual({ kind: 'unknown', id: 9 })
    expect(Payment.decode(Uint8Array.of(0))).toEqual({ kind: 'unknown', id: 0 })
  })

  test('defaults, odd names and constants', () => {
    expect(Defaults.decode(Defaults.encode(ALL))).toEqual(ALL)
    const required = Uint8Array.of(8, 0, 13, 0, 0, 0, 1, 0)
    expect(Defaults.decode(required)).toMatchObject({
      a: -5,
      c: 9007199254740993n,
      d: Infinity,
      m: 1,
      n: { key: 5, value: '' },
    })
    expect(() => Defaults.decode(Uint8Array.of(0))).toThrow('Defaults.m is required and absent')
    const words: Words = {
      class: 'c',
      default: 'd',
      constructor: 1,
      __proto___: 'p',
      function: true,
      negative: -1,
      undefined: 3,
    }
    expect(Words.decode(Words.encode(words))).toEqual(words)
    const promise: Promised = { r: 1, w: 2, value: 3, field: 4, outer: 5, left: 6, item: 7, key: 8 }
    expect(Promised.decode(Promised.encode(promise))).toEqual(promise)
    expect([...ODD.keys()]).toEqual([{ r: 1, w: 0, value: 0, field: 0, outer: 0, left: 0, item: 0, key: 0 }])
  })

  test('an exception is an Error of its class, with its fields', () => {
    const error = new InsufficientFunds({ balance: 5n })
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe('balance 5')
    const choice: Choice = { kind: 'oops', value: new Oops({ name_: 1, stack_: 's', message_: 2 }) }
    const back = Choice.decode(Choice.encode(choice))
    expect(back.kind === 'oops' && back.value).toBeInstanceOf(Oops)
    expect(back).toMatchObject({ value: { name: 'Oops', name_: 1, stack_: 's', message_: 2, class_: 'none' } })
  })
})
