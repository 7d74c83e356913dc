/**
 * Goal: `oncewire diff` compares what people have (files, folders, git revisions) and can be put into CI.
 * Method: the built command as a process of its own, in a small git repository.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rules } from '../src/idl/diff-rules.ts'
import { temporaryFolder } from './support/bank.ts'
import { git, mustBeBuilt, oncewire, type Ran } from './support/cli.ts'

let folder: string
const cli = (...args: string[]): Ran => oncewire(folder, ...args)
function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}
const bank = (cents: string, more = ''): string => `include "lib/shared.thrift"
service Bank {
  shared.Entry debit(1: string account, 2: ${cents} cents),${more}
}
`

const entry = (more: string): string => `struct Entry {\n  1: i64 cents,\n${more}}\n`

/** Revision v0 requires a field that v1 does not have; in the folder an argument, a method and the field have changed. */
beforeAll(() => {
  mustBeBuilt()
  folder = mkdtempSync(join(tmpdir(), 'oncewire-'))
  git(folder, 'init', '--quiet')
  write('idl/bank.thrift', bank('i64'))
  for (const [tag, more] of Object.entries({ v0: '  2: required i64 atMs,\n', v1: '' })) {
    write('idl/lib/shared.thrift', entry(more))
    git(folder, 'add', '.')
    git(folder, 'commit', '--quiet', '--message', tag)
    git(folder, 'tag', tag)
  }
  write('idl/bank.thrift', bank('i32', '\n  void note(1: string line),'))
  write('idl/lib/shared.thrift', entry('  2: optional i64 atMs,\n'))
  write('idl/node_modules/x/broken.thrift', 'struct {')
  write('old/bank.thrift', bank('i64'))
  write('old/lib/shared.thrift', entry(''))
  write('wrong/wrong.thrift', 'struct A { 1: Nope n }')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Line {
  readonly rule: string
  readonly allowed: boolean
  readonly old?: { readonly file: string; readonly line: number }
  readonly new?: { readonly file: string; readonly line: number }
}

const lines = ({ stdout }: Ran): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

describe('what is compared', () => {
  const found = ['optional-field-added', 'field-type-changed', 'method-added']

  test.each([
    ['a revision and a file', ['v1', 'idl/bank.thrift'], 'v1:idl/bank.thrift'],
    ['a file of a revision and a file', ['HEAD:idl/bank.thrift', 'idl/bank.thrift'], 'HEAD:idl/bank.thrift'],
    ['a file of a revision, named from here', ['HEAD:./idl/bank.thrift', 'idl/bank.thrift'], 'HEAD:idl/bank.thrift'],
    ['a revision and a folder', ['HEAD', 'idl'], 'HEAD:idl/bank.thrift'],
    ['two files', ['old/bank.thrift', 'idl/bank.thrift'], 'old/bank.thrift'],
    ['two folders', ['old', 'idl'], 'old/bank.thrift'],
  ])('%s, with what they include', (_, versions, oldFile) => {
    const ran = cli('diff', ...versions, '--json')
    expect(ran.code, ran.stderr).toBe(1)
    expect(lines(ran).map(({ rule }) => rule)).toEqual(found)
    const change = lines(ran)[1]
    expect(change?.old).toMatchObject({ file: oldFile, line: 3 })
    expect(change?.new).toMatchObject({ file: 'idl/bank.thrift', line: 3 })
  })

  test('two revisions, forwards and back', () => {
    const rule = (...versions: string[]): string[] => lines(cli('diff', ...versions, '--json')).map((line) => line.rule)
    expect(rule('v1:idl', 'v0:idl')).toEqual(['required-field-added'])
    expect(rule('v0:idl/bank.thrift', 'v1:idl/bank.thrift')).toEqual(['required-field-removed'])
  })

  test('from a folder below, a path alone is of this folder', () => {
    const ran = oncewire(join(folder, 'idl/lib'), 'diff', 'v1', 'shared.thrift')
    expect(ran).toMatchObject({ code: 0, stderr: 'nothing breaks; 1 change\n' })
    expect(ran.stdout).toContain('shared.thrift:3:19: Entry.atMs: field 2 added [optional-field-added]')
    expect(ran.stdout).toContain('before: v1:idl/lib/shared.thrift:1:8')
  })

  test('a version with an error is shown with it', () => {
    const ran = cli('diff', 'old', 'wrong')
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('wrong/wrong.thrift:1:15: error: there is no type "Nope"')
  })
})

describe('what is said', () => {
  test('by gravity: what, where, whom, why and what to do', () => {
    const { code, stdout, stderr } = cli('diff', 'HEAD', 'idl/bank.thrift')
    expect(code).toBe(1)
    expect(stderr).toBe('1 breaking change (1 wire), 2 other\n')
    expect(stdout).toContain(
      `wire: bytes that one side writes and the other misreads

idl/bank.thrift:3:48: Bank.debit: argument cents: i64 is now i32 [field-type-changed]
  before: HEAD:idl/bank.thrift:3:48
  breaks old clients with a new server; new clients with an old server; TypeScript that uses the generated code
  ${rules['field-type-changed'].why}
  = ${rules['field-type-changed'].advice}

safe
`,
    )
  })

  test('nothing, with exit code 0', () => {
    expect(cli('diff', 'idl', 'idl')).toEqual({ code: 0, stdout: '', stderr: 'nothing changed\n' })
  })

  test('what is allowed, apart; the exit code speaks of the rest', () => {
    const allowed = (...words: string[]): Ran =>
      cli('diff', 'HEAD', 'idl/bank.thrift', ...words.flatMap((word) => ['--allow', word]))
    expect(allowed('field-type-changed')).toMatchObject({ code: 0, stderr: 'nothing breaks; 3 changes\n' })
    expect(allowed('field-type-changed').stdout).toMatch(/^allowed\n/)
    // What breaks the wire breaks TypeScript too.
    expect(allowed('wire')).toMatchObject({ code: 1, stderr: '1 breaking change (1 source), 2 other\n' })
    expect(allowed('wire', 'source').code).toBe(0)
  })

  test('every rule, on request', () => {
    const named = lines(cli('diff', '--rules', '--json')).map(({ rule }) => rule)
    expect(named).toEqual(Object.keys(rules))
    expect(cli('diff', '--rules').stdout).toContain('method-removed (wire, source)\n')
  })
})

describe('used wrongly, told how to use it', () => {
  test.each([
    [['diff', 'HEAD'], 'name two versions, such as: oncewire diff HEAD~1 bank.thrift'],
    [['diff', 'idl/bnak.thrift', 'idl/bank.thrift'], 'Did you mean "bank.thrift"?'],
    [['diff', 'v9', 'idl/bank.thrift'], 'has no revision v9'],
    [['diff', '--help-me', 'x', 'y'], "unknown option '--help-me'"],
    [['diff', '--upload-pack=x:y', 'idl'], "unknown option '--upload-pack=x:y'"],
    [['diff', '--', '--upload-pack=x:y', 'idl'], 'has no revision --upload-pack=x'],
    [['diff', 'v1:idl/bnk.thrift', 'idl/bank.thrift'], 'there is no v1:idl/bnk.thrift'],
    [['diff', ':idl/bank.thrift', 'idl/bank.thrift'], 'name a revision before the colon'],
    [['diff', 'idl/bank.thrift', 'idl'], 'compare a file with a file, or a folder with a folder'],
    [['diff', 'v1', 'idl', '--allow', 'field-rename'], 'Did you mean "field-renamed"?'],
    [['dif', 'v1', 'idl'], 'Did you mean diff?'],
  ])('%j', (args, advice) => {
    const { code, stdout, stderr } = cli(...args)
    expect(stderr).toContain(advice)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('outside of a repository', async () => {
    const elsewhere = await temporaryFolder()
    writeFileSync(join(elsewhere, 'a.thrift'), '')
    const { code, stderr } = oncewire(elsewhere, 'diff', 'HEAD', 'a.thrift')
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('is not in a git repository') })
  })
})
