/**
 * Goal: `oncewire format` does with files what users of other formatters expect, and never harms one; `generate --watch`
 * goes on until it is told to stop.
 * Method: the built command as a process of its own, in a temporary folder.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './support/bank.ts'
import { main, mustBeBuilt, oncewire, type Ran } from './support/cli.ts'

const untidy = 'struct A{1:i32 a; // why\n}'
const tidy = 'struct A {\n  1: i32 a, // why\n}\n'

let folder: string
const cli = (...args: string[]): Ran => oncewire(folder, ...args)
const at = (file: string): string => join(folder, file)
const read = (file: string): string => readFileSync(at(file), 'utf8')
function write(file: string, text: string | Uint8Array): void {
  mkdirSync(dirname(at(file)), { recursive: true })
  // As editors do, so that whoever watches never sees half of it.
  writeFileSync(at(`${file}.new`), text)
  renameSync(at(`${file}.new`), at(file))
}

beforeAll(mustBeBuilt)
beforeEach(async () => {
  folder = await temporaryFolder()
  write('untidy.thrift', untidy)
  write('tidy.thrift', tidy)
})

describe('format', () => {
  test('prints, and touches nothing', () => {
    expect(cli('format', 'untidy.thrift')).toEqual({ code: 0, stdout: tidy, stderr: '' })
    expect(read('untidy.thrift')).toBe(untidy)
  })

  test('reads standard input as -', () => {
    const { status, stdout } = spawnSync(process.execPath, [main, 'format', '-'], { input: untidy, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: tidy })
  })

  test('--check names the files that would change, with exit code 1, and none once they are written', () => {
    expect(cli('format', '--check', '.')).toEqual({
      code: 1,
      stdout: 'untidy.thrift\n',
      stderr: '2 files, 1 not formatted\n',
    })
    utimesSync(at('tidy.thrift'), 1, 1)
    expect(cli('format', '--write', '.')).toEqual({
      code: 0,
      stdout: 'untidy.thrift\n',
      stderr: '2 files, 1 changed\n',
    })
    expect(read('untidy.thrift')).toBe(tidy)
    expect(statSync(at('tidy.thrift')).mtimeMs).toBe(1000)
    expect(cli('format', '--check', '.').code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual(['tidy.thrift', 'untidy.thrift'])
  })

  test('a file keeps its mode, and a link to it stays a link', () => {
    chmodSync(at('untidy.thrift'), 0o640)
    symlinkSync('untidy.thrift', at('link.thrift'))
    expect(cli('format', '--write', 'link.thrift').code).toBe(0)
    expect(lstatSync(at('link.thrift')).isSymbolicLink()).toBe(true)
    expect(read('untidy.thrift')).toBe(tidy)
    expect(statSync(at('untidy.thrift')).mode & 0o777).toBe(0o640)
  })

  test('a file with a syntax error is left as it is and shown with its place; the others are done', () => {
    write('broken.thrift', 'struct A {\n  1 i32 a\n}')
    const { code, stdout, stderr } = cli('format', '--write', '.')
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'untidy.thrift\n' })
    expect(stderr).toContain('broken.thrift:2:5: error: expected ":", found "i32"')
    expect(stderr).toContain('3 files, 1 changed, 1 with errors')
    expect(read('broken.thrift')).toBe('struct A {\n  1 i32 a\n}')
    expect(read('untidy.thrift')).toBe(tidy)
  })

  test('bytes that are not UTF-8 are not made into something else', () => {
    const latin = Buffer.from('// M\u00fcller\nstruct A{}', 'latin1')
    write('latin.thrift', latin)
    const { code, stderr } = cli('format', '--write', 'latin.thrift')
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('latin.thrift is not UTF-8') })
    expect(readFileSync(at('latin.thrift')).equals(latin)).toBe(true)
  })

  test('folders are searched, but for hidden ones and installed packages', () => {
    for (const file of ['a/b/one.thrift', 'a/two.txt', 'node_modules/x/x.thrift', '.git/y.thrift']) write(file, untidy)
    expect(cli('format', '--check', '.').stdout).toBe('a/b/one.thrift\nuntidy.thrift\n')
  })

  test('--json: a line for each file', () => {
    const lines = cli('format', '--json', 'untidy.thrift', 'tidy.thrift').stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { file: 'untidy.thrift', changed: true, text: tidy, diagnostics: [] },
      { file: 'tidy.thrift', changed: false, text: tidy, diagnostics: [] },
    ])
  })
})

describe('generate --watch', () => {
  test('generates again after each change, says what is wrong, and ends with 130 at Ctrl-C', async () => {
    write('main.thrift', 'include "lib/shared.thrift"\nstruct A { 1: shared.S s }')
    write('lib/shared.thrift', 'struct S {}')
    const child = spawn(process.execPath, [main, 'generate', 'main.thrift', '--out', 'gen', '--watch'], { cwd: folder })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    let waiting: { readonly text: string; readonly settled: () => void } | undefined
    child.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk)
      if (waiting !== undefined && said.includes(waiting.text)) waiting.settled()
    })
    /** What was said up to and after `text`; then it begins anew. */
    const until = async (text: string): Promise<string> => {
      await new Promise<void>((settled) => {
        waiting = { text, settled }
        if (said.includes(text)) settled()
      })
      const before = said
      said = ''
      return before
    }
    expect(await until('watching 2 files')).toContain('2 files, 2 changed')
    write('lib/shared.thrift', 'struct S { 1: i32 changed }')
    expect(await until('watching 2 files')).toContain('2 files, 1 changed')
    expect(read('gen/lib/shared.ts')).toContain('changed')
    write('main.thrift', 'struct A { 1: Nope n }')
    expect(await until('watching 1 file')).toContain('there is no type "Nope"')
    write('main.thrift', 'struct A { 1: i32 again }')
    await until('watching 1 file')
    expect(read('gen/main.ts')).toContain('again')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
  })
})
