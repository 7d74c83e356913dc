/**
 * Goal: the command answers the mistakes that a newcomer makes with what to do, and its exit codes can be scripted.
 * Method: the built command as a process of its own, in an empty folder.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codes } from '../src/errors/codes.ts'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, oncewire, type Ran, root } from './support/cli.ts'

let folder: string
const cli = (...args: string[]): Ran => oncewire(folder, ...args)
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

beforeAll(mustBeBuilt)
beforeEach(async () => {
  folder = await temporaryFolder()
  mkdirSync(join(folder, 'empty'))
  write('bank.thrift', 'service Bank { i64 balance(1: string account) }')
  write('bad.thrift', 'service Bank {\n  i64 balance(1: strng account) (delivery = "exactly-onse"),\n  i65 x()\n}')
})

describe('finding the way', () => {
  test('every command has help with an example, on stdout', () => {
    const commands = [...cli('--help').stdout.matchAll(/^ {2}([a-z][\w-]*) /gm)].map(([, name]) => name as string)
    expect(commands).toEqual([
      'generate',
      'check',
      'format',
      'diff',
      'list',
      'describe',
      'call',
      'ledger',
      'demo',
      'simulate',
      'proxy',
      'prove-kills',
      'explain',
      'help',
    ])
    for (const command of commands) {
      const { code, stdout, stderr } = cli(command, '--help')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ oncewire ${command}`))
    }
  })

  test('help, in every way in which one asks for it', () => {
    for (const args of [['help'], ['-h']]) expect(cli(...args)).toEqual(cli('--help'))
    expect(cli('help', 'diff')).toEqual(cli('diff', '--help'))
  })

  test('alone it shows the commands, as a mistake', () => {
    const { code, stdout, stderr } = cli()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Commands:')
  })

  test.each([
    [['genrate', 'bank.thrift'], 'Did you mean generate?'],
    [['generate', 'bank.thrift', '--ot', 'gen'], 'Did you mean --out?'],
    [['check', 'bank.thrift', '--jsn'], 'Did you mean --json?'],
    [['fromat', 'bank.thrift'], 'Did you mean format?'],
    [['help', 'fromat'], 'there is no command "fromat". Did you mean "format"?'],
    [['format'], "oncewire: missing required argument 'file'\n(oncewire format --help shows how it is used)"],
    [['format', 'bank.thrift', '--wirte'], 'Did you mean --write?'],
    [['format', 'bnak.thrift'], 'Did you mean "bank.thrift"?'],
    [['format', 'bank.thrift', '--write', '--check'], 'choose one'],
    [['format', '-', '--write'], 'standard input cannot be written to'],
    [['check', 'bnak.thrift'], 'there is no file bnak.thrift. Did you mean "bank.thrift"?'],
    [['explain', 'sesion-expired'], 'Did you mean "session-expired"?'],
    [['demo', '--only', 'replylost'], 'Did you mean "reply-lost"?'],
    [['demo', '--only', 'reply-lost:exactlyonce'], 'Did you mean "exactly-once"?'],
    [['demo', '--calls', 'many'], '--calls is a whole number from 1, not many'],
    [['prove-kills', '--kills', '-1'], '--kills and --seed are whole numbers'],
    [['generate', 'bank.thrift'], 'such as --out gen'],
    [['generate', 'bank.thrift', '--out', 'bank.thrift'], '--out bank.thrift is a file; name a folder'],
    [['generate', 'bank.thrift', '--out', 'gen', '--import-extension', 'mjs'], 'Allowed choices are ts, js'],
    [['check', 'empty'], 'there is no .thrift file in empty'],
    [['generate', '--out', 'gen'], "missing required argument 'file'"],
  ])('%j: used wrongly, told how to use it', (args, advice) => {
    const { code, stdout, stderr } = cli(...args)
    expect(stderr).toContain(advice)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toMatch(/^ +at /m) // a stack is for us, not for users
    expect(readdirSync(folder).sort()).toEqual(['bad.thrift', 'bank.thrift', 'empty'])
  })
})

describe('generate', () => {
  test('writes a file for each .thrift file, names them on stdout, and leaves alone what has not changed', () => {
    expect(cli('generate', 'bank.thrift', '--out', 'gen')).toEqual({
      code: 0,
      stdout: 'gen/bank.ts\n',
      stderr: '1 file, 1 changed\n',
    })
    utimesSync(join(folder, 'gen/bank.ts'), 1, 1)
    expect(cli('generate', 'bank.thrift', '--out', 'gen').stderr).toBe('1 file, 0 changed\n')
    expect(statSync(join(folder, 'gen/bank.ts')).mtimeMs).toBe(1000)
    expect(readdirSync(join(folder, 'gen'))).toEqual(['bank.ts'])
  })

  test('with an error anywhere writes nothing, and shows every error in its line', () => {
    const { code, stdout, stderr } = cli('generate', 'bank.thrift', 'bad.thrift', '--out', 'gen')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(existsSync(join(folder, 'gen'))).toBe(false)
    expect(stderr).toContain('bad.thrift:2:18: error: there is no type "strng"')
    expect(stderr).toContain(`  ${' '.repeat(17)}^^^^^\n  = did you mean string?`)
    expect(stderr).toContain('bad.thrift:3:3: error: there is no type "i65"')
    expect(stderr).toContain('3 errors')
  })

  test.each([
    ['below the folder we are in', '.', 'idl/one.thrift', 'lib'],
    ['beside it', 'lib', '../idl/one.thrift', '.'],
    ['named in full', '.', '/idl/one.thrift', 'lib'],
  ])('files and includes in different folders find each other: %s', (_, from, file, include) => {
    write('idl/one.thrift', 'include "common.thrift"\nstruct S { 1: common.C c }')
    write('lib/common.thrift', 'struct C { 1: i32 n }')
    const path = file.startsWith('/') ? join(folder, file) : file
    const ran = oncewire(join(folder, from), 'generate', path, '-I', include, '--out', join(folder, 'gen'))
    expect(ran.code, ran.stderr).toBe(0)
    expect(existsSync(join(folder, 'gen/lib/common.ts'))).toBe(true)
    expect(read('gen/idl/one.ts')).toContain("from '../lib/common.ts'")
  })

  test('two files that would become one are refused; other endings than .thrift are taken off too', () => {
    write('bank.idl', 'struct B {}')
    write('two.thrift', 'include "bank.idl"\nstruct T { 1: bank.B b }')
    expect(cli('generate', 'two.thrift', '--out', 'gen').stdout).toBe('gen/bank.ts\ngen/two.ts\n')
    const { code, stderr } = cli('generate', 'bank.idl', 'bank.thrift', '--out', 'gen')
    expect(code).toBe(2)
    expect(stderr).toContain('bank.idl and bank.thrift would both become gen/bank.ts: rename one')
  })

  test.each([
    ['no tsconfig', undefined, 'ts'],
    ['nothing said', '{}', 'js'],
    ['allowed', '{ "compilerOptions": { "allowImportingTsExtensions": true } }', 'ts'],
    ['rewritten', '{ "compilerOptions": { "rewriteRelativeImportExtensions": true, }, }', 'ts'],
    ['only in a comment', '{ // "allowImportingTsExtensions": true\n}', 'js'],
    ['by its base', '{ "extends": "./base" }', 'ts'],
    [
      'by its base, and taken back',
      '{ "extends": ["./base.json"], "compilerOptions": { "allowImportingTsExtensions": false } }',
      'js',
    ],
  ])('imports end as the nearest tsconfig takes them: %s', (_, tsconfig, extension) => {
    write('two.thrift', 'include "bank.thrift"\nservice Two extends bank.Bank {}')
    write('base.json', '{ "compilerOptions": { "allowImportingTsExtensions": true } }')
    if (tsconfig !== undefined) write('tsconfig.json', tsconfig)
    const ran = cli('generate', 'two.thrift', '--out', 'src/gen')
    expect(ran.code, ran.stderr).toBe(0)
    expect(read('src/gen/two.ts')).toContain(`from './bank.${extension}'`)
  })

  test('a tsconfig that nobody can read is named, with the way around it', () => {
    write('tsconfig.json', '{ "compilerOptions": ')
    const { code, stderr } = cli('generate', 'bank.thrift', '--out', 'gen')
    expect(code).toBe(2)
    expect(stderr).toMatch(/tsconfig\.json is not valid .*--import-extension/)
    expect(cli('generate', 'bank.thrift', '--out', 'gen', '--import-extension', 'ts').code).toBe(0)
  })
})

describe('check', () => {
  test('an include that was not found is told, with the file that was meant', () => {
    write('lib/common.thrift', 'struct C {}')
    write('one.thrift', 'include "bnak.thrift"\ninclude "comon.thrift"\ninclude "lib/comon.thrift"')
    const { code, stdout } = cli('check', 'one.thrift', '-I', 'lib')
    expect(code).toBe(0)
    expect(stdout.match(/did you mean .*/g)).toEqual([
      'did you mean "bank.thrift"?',
      'did you mean "common.thrift"?',
      'did you mean "lib/common.thrift"?',
    ])
  })

  test('a valid file: nothing on stdout', () => {
    expect(cli('check', 'bank.thrift')).toEqual({ code: 0, stdout: '', stderr: '1 file is valid\n' })
  })

  test('every error with its place, for people and as JSON', () => {
    const { code, stdout, stderr } = cli('check', 'bad.thrift')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toContain('Did you mean "exactly-once"?')
    expect(stdout).not.toContain('\u001b[') // a pipe is no terminal
    const lines = cli('check', 'bad.thrift', '--json').stdout.trim().split('\n')
    const found = lines.map((line) => JSON.parse(line) as { code: string; position: object })
    expect(found.map(({ code: word }) => word)).toEqual(['unknown-type', 'unknown-delivery', 'unknown-type'])
    expect(found[0]?.position).toEqual({ line: 2, column: 18 })
  })
})

describe('explain', () => {
  test('one code, or all of them; for people and as JSON', () => {
    expect(cli('explain', 'fenced').stdout).toContain(codes.fenced.advice)
    const all = cli('explain', '--json').stdout.trim().split('\n')
    expect(all.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual(Object.keys(codes))
    expect(JSON.parse(cli('explain', 'fenced', '--json').stdout)).toEqual({ code: 'fenced', ...codes.fenced })
  })

  test('a reader who has seen enough is no error', () => {
    const command = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}" explain | true; exit "\${PIPESTATUS[0]}"`
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
