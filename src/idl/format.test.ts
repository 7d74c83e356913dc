/**
 * Goal: a formatted file says what it said before, to a compiler and to a reader, and is never changed a second time.
 * Method: one golden pair for the style; small texts for where comments go; then properties over every accepted probe
 * and over random token lists with random white space and comments between any two tokens.
 */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probes } from '../../test/support/probes.ts'
import { spaced, thriftTokens } from '../../test/support/thrift-tokens.ts'
import { Reporter } from './diagnostic.ts'
import { format } from './format.ts'
import { parse } from './parser.ts'

const golden = (file: string): string =>
  readFileSync(join(import.meta.dirname, '../../test/golden/format', file), 'utf8')

function formatted(text: string): string {
  const { text: after, diagnostics } = format(text, 'main.thrift')
  return after ?? expect.fail(JSON.stringify(diagnostics))
}

/** What a compiler sees: the tree, doc comments included, places left out. */
function treeOf(text: string): string {
  const places = new Set(['position', 'length', 'isFirstOnLine'])
  return JSON.stringify(parse(text, new Reporter('', [])), (key, value: unknown) =>
    places.has(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  )
}

/** What a reader sees besides; only for texts whose strings hold no comment signs. */
function commentsOf(text: string): string[] {
  const found = text.match(/(?:\/\/|#)[^\n]*|\/\*[^]*?\*\//g) ?? []
  return found.map((comment) => comment.replace(/\s*(\r?\n\s*|$)/g, '\n').trim())
}

/** The promises of the header, for one text. */
function holds(text: string): void {
  const after = formatted(text)
  expect(treeOf(after)).toBe(treeOf(text))
  expect(commentsOf(after)).toEqual(commentsOf(text))
  expect(formatted(after)).toBe(after)
  expect(after).not.toMatch(/[ \t]\n|\n\n\n|^\n/)
  expect(after === '' || after.endsWith('\n')).toBe(true)
}

describe('the style', () => {
  test('an untidy file becomes the tidy one, and that stays', () => {
    expect(formatted(golden('before.thrift'))).toBe(golden('after.thrift'))
    holds(golden('before.thrift'))
  })

  test.each([
    ['a comma at the head of a line', 'enum E {\n  A // a\n, B // b\n}', 'enum E {\n  A, // a\n  B, // b\n}\n'],
    ['a separator that a comment stands before', 'enum E {\n  A /* a */;\n}', 'enum E {\n  A, /* a */\n}\n'],
    ['a comment between head and brace', 'struct A // why\n{\n1: i32 a }', 'struct A { // why\n  1: i32 a,\n}\n'],
    [
      'a comment in the middle of a field',
      'struct A { 1: i32 // why\n a }',
      'struct A {\n  1: i32 // why\n    a,\n}\n',
    ],
    ['a semicolon behind a constant', 'const i32 A = 1; /* one */', 'const i32 A = 1 /* one */\n'],
    ['quotes that hold quotes', `const string A = 'say "x"'`, `const string A = 'say "x"'\n`],
    ['quotes with a backslash', String.raw`const string A = 'it\'s'`, `${String.raw`const string A = 'it\'s'`}\n`],
    ['empty lines', 'struct A {}\n\n\n\nstruct B {\n\n\n}\n\n', 'struct A {}\n\nstruct B {}\n'],
    ['nothing', '', ''],
    ['nothing but white space', ' \n\t\n', ''],
    ['nothing but a comment', '\n\n// alone', '// alone\n'],
  ])('%s', (_, before, after) => {
    expect(formatted(before)).toBe(after)
    holds(before)
  })

  test('a doc comment never comes to document something else', () => {
    // Taking the semicolon away would make the comment B's.
    expect(formatted('const i32 A = 1 /** of A */ ; struct B {}')).toBe('const i32 A = 1 /** of A */,\nstruct B {}\n')
    expect(formatted('struct A { 1: i32 a /** of a */ ; 2: i32 b }')).toBe(
      'struct A { 1: i32 a /** of a */, 2: i32 b }\n',
    )
  })

  test('line ends stay of the kind that the first one is; a byte order mark goes', () => {
    expect(formatted('\uFEFFstruct A {}\r\n/* a\r\n * b */\nstruct B {}')).toBe(
      'struct A {}\r\n/* a\r\n * b */\r\nstruct B {}\r\n',
    )
    expect(formatted('struct A {}\nstruct B {}\r\n')).toBe('struct A {}\nstruct B {}\n')
  })

  test('no line is longer than 100 columns where it could be broken', () => {
    const names = Array.from({ length: 60 }, (_, n) => 'n'.repeat(n + 1))
    const texts = names.flatMap((name) => [
      `service S { void ${name}(1: i32 ${name}, 2: i32 b) throws (1: X ${name}) (delivery = "exactly-once") }`,
      `struct ${name} { 1: list<i32> ${name} = [1, 2, 3, 4, 5, 6] (a = "b", c = "d") }`,
    ])
    for (const text of texts) {
      holds(text)
      for (const line of formatted(text).split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    }
  })
})

describe('whatever the text', () => {
  test('a file with a syntax error is answered with the error and no text', () => {
    const { text, diagnostics } = format('struct A { 1: i32 }', 'main.thrift')
    expect(text).toBeUndefined()
    expect(diagnostics[0]).toMatchObject({ file: 'main.thrift', position: { line: 1, column: 19 } })
  })

  test('names need not be known, nor includes be there', () => {
    expect(formatted('include "gone.thrift"\nstruct A{1:gone.B b}')).toBe(
      'include "gone.thrift"\nstruct A { 1: gone.B b }\n',
    )
  })

  test('every accepted probe keeps its tree and its comments, and is formatted once and for all', () => {
    for (const { files } of probes('accept')) for (const text of files.values()) holds(text)
  })

  test('so does any list of tokens with anything between them', () => {
    fc.assert(fc.property(thriftTokens.chain(spaced), holds), { numRuns: 600 })
  })

  test('nesting to the limit, and thousands of definitions, are formatted too', () => {
    const deep = `struct A { 1: ${'list<'.repeat(240)}i32${'>'.repeat(240)} a = ${'['.repeat(240)}${']'.repeat(240)} }`
    holds(deep)
    const long = Array.from({ length: 3000 }, (_, n) => `/* ${n} */ struct S${n} { 1: i32 a // a\n }`).join('\n')
    expect(formatted(long).split('\n')).toHaveLength(9001)
  })
})
