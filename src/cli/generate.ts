/**
 * `oncewire generate`: IDL files into TypeScript files.
 *
 * Invariant: writes all files or, where any IDL has an error, none; each file is replaced whole.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'
import { generate } from '../codegen/generate.ts'
import { allPrograms } from '../idl/includes.ts'
import type { Program } from '../idl/program.ts'
import { loadFiles, renderDiagnostics } from './idl-files.ts'
import { collect, exitCodes, isColored, say, UsageError } from './terminal.ts'
import { importExtensionFor } from './tsconfig.ts'

interface GenerateFlags {
  readonly out?: string
  readonly include?: readonly string[]
  readonly importExtension?: 'ts' | 'js'
}

export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('IDL files into TypeScript: one file for each .thrift file and each of its includes')
    .argument('<file...>', '.thrift files')
    // Required, but asked for below: commander would complain of it before it names a misspelt option.
    .option('-o, --out <dir>', 'folder that the TypeScript files go to (required)')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect)
    .addOption(
      new Option(
        '--import-extension <ext>',
        'how imports of generated files end (default: what the nearest tsconfig takes)',
      ).choices(['ts', 'js']),
    )
    .addHelpText('after', '\nExample:\n  $ oncewire generate bank.thrift --out gen')
    .action((files: string[], flags: GenerateFlags) => {
      process.exitCode = run(files, flags)
    })
}

function run(files: readonly string[], flags: GenerateFlags): number {
  const { out } = flags
  if (out === undefined) throw new UsageError('say where the TypeScript files go, such as --out gen')
  if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`--out ${out} is a file; name a folder`)
  const loaded = loadFiles(files, flags.include ?? [])
  if (loaded.diagnostics.length > 0) say(renderDiagnostics(loaded, isColored(process.stderr)))
  if (loaded.programs === undefined) return exitCodes.found
  const importExtension = flags.importExtension ?? importExtensionFor(out)
  const programs = loaded.programs.flatMap((root) => allPrograms(root))
  const outputs = [...place(programs, out)].map(([path, program]) => ({
    path,
    text: generate(program, { importExtension }),
  }))
  // Ctrl-C is heard when all is written: none of this waits.
  process.once('SIGINT', () => process.exit(exitCodes.interrupted))
  const changed = outputs.filter(({ path, text }) => replace(path, text)).length
  for (const { path } of outputs) process.stdout.write(`${relative('.', path)}\n`)
  say(`${outputs.length} ${outputs.length === 1 ? 'file' : 'files'}, ${changed} changed`)
  return exitCodes.ok
}

/** Files keep their places to each other below `out`, so that their imports fit. */
function place(programs: readonly Program[], out: string): Map<string, Program> {
  const folders = programs.map(({ file }) => dirname(file))
  let common = folders[0] ?? sep
  while (!folders.every((folder) => folder === common || folder.startsWith(join(common, sep)))) common = dirname(common)
  return new Map(
    programs.map((program) => [
      join(resolve(out), relative(common, dirname(program.file)), `${basename(program.file, '.thrift')}.ts`),
      program,
    ]),
  )
}

/** Writes `text` if the file says something else; a reader sees the old file or the new one. */
function replace(path: string, text: string): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.new`
  try {
    writeFileSync(temporary, text)
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  return true
}
