/**
 * `oncewire generate`: IDL files into TypeScript files.
 *
 * Invariant: writes all files or, where any IDL has an error, none; each file is replaced whole.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { allPrograms, generate } from '../codegen/generate.ts'
import type { Program } from '../idl/program.ts'
import { loadFiles, renderDiagnostics } from './idl-files.ts'
import { collect, exitCodes, isColored, say } from './terminal.ts'

interface GenerateFlags {
  readonly out: string
  readonly include: readonly string[]
  readonly importExtension?: 'ts' | 'js'
}

export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('IDL files into TypeScript: one file for each .thrift file and each of its includes')
    .argument('<file...>', '.thrift files')
    .requiredOption('-o, --out <dir>', 'folder that the TypeScript files go to')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect, [])
    .option(
      '--import-extension <ext>',
      'how imports of generated files end: ts or js (default: what the nearest tsconfig takes)',
      extension,
    )
    .addHelpText('after', '\nExample:\n  $ oncewire generate bank.thrift --out gen')
    .action((files: string[], flags: GenerateFlags) => {
      process.exitCode = run(files, flags)
    })
}

function extension(text: string): 'ts' | 'js' {
  if (text === 'ts' || text === 'js') return text
  throw new Error(`--import-extension is ts or js, not ${text}`)
}

function run(files: readonly string[], flags: GenerateFlags): number {
  const { loaded, diagnostics } = loadFiles(files, flags.include)
  if (diagnostics.length > 0) say(renderDiagnostics(diagnostics, loaded, isColored(process.stderr)))
  const roots = loaded.flatMap(({ program }) => (program === undefined ? [] : [program]))
  if (roots.length < files.length) return exitCodes.found
  const importExtension = flags.importExtension ?? extensionFor(flags.out)
  const outputs = place([...new Set(roots.flatMap((root) => allPrograms(root)))], flags.out)
  let written = 0
  for (const [path, program] of outputs) if (replace(path, generate(program, { importExtension }))) written++
  for (const path of outputs.keys()) process.stdout.write(`${relative('.', path)}\n`)
  say(`${outputs.size} ${outputs.size === 1 ? 'file' : 'files'}, ${written} changed`)
  return exitCodes.ok
}

/** Files keep their places to each other below `out`, so that their imports fit. */
function place(programs: readonly Program[], out: string): Map<string, Program> {
  const folders = programs.map(({ file }) => dirname(resolve(file)))
  let common = folders[0] ?? '.'
  while (!folders.every((folder) => folder === common || folder.startsWith(join(common, '/')))) common = dirname(common)
  return new Map(
    programs.map((program) => [
      join(resolve(out), relative(common, dirname(resolve(program.file))), `${basename(program.file, '.thrift')}.ts`),
      program,
    ]),
  )
}

/** Writes `text` if the file says something else; a reader sees the old file or the new one. */
function replace(path: string, text: string): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.new`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
  return true
}

/** `.ts` where the nearest tsconfig allows it, or there is none; else `.js`. */
function extensionFor(out: string): 'ts' | 'js' {
  for (let folder = resolve(out); ; folder = dirname(folder)) {
    const config = join(folder, 'tsconfig.json')
    if (existsSync(config)) return allowsTs(config) ? 'ts' : 'js'
    if (dirname(folder) === folder) return 'ts'
  }
}

/** Follows a relative `extends`; comments in the file do not matter to a search for two words. */
function allowsTs(config: string): boolean {
  const text = readFileSync(config, 'utf8')
  if (/"(allowImportingTsExtensions|rewriteRelativeImportExtensions)"\s*:\s*true/.test(text)) return true
  const base = /"extends"\s*:\s*"(\.[^"]+)"/.exec(text)?.[1]
  if (base === undefined) return false
  const path = resolve(dirname(config), base.endsWith('.json') ? base : `${base}.json`)
  return existsSync(path) && allowsTs(path)
}
