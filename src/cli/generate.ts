/**
 * `oncewire generate`: IDL files into TypeScript files.
 *
 * Invariant: writes all files or, where any IDL has an error, none; each file is replaced whole.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'
import { generate } from '../codegen/generate.ts'
import { allPrograms } from '../idl/includes.ts'
import type { Program } from '../idl/program.ts'
import { type LoadedFiles, loadFiles, renderDiagnostics, thriftFiles } from './idl-files.ts'
import { collect, counted, exitCodes, isColored, say, UsageError } from './terminal.ts'
import { importExtensionFor } from './tsconfig.ts'
import { whenever } from './watch.ts'
import { replaceFile } from './write-file.ts'

interface GenerateFlags {
  readonly out?: string
  readonly include?: readonly string[]
  readonly importExtension?: 'ts' | 'js'
  readonly watch?: true
}

export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('IDL files into TypeScript: one file for each .thrift file and each of its includes')
    .argument('<file...>', '.thrift files, or folders of them')
    // Required, but asked for below: commander would complain of it before it names a misspelt option.
    .option('-o, --out <dir>', 'folder that the TypeScript files go to (required)')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect)
    .option('-w, --watch', 'go on, and generate again whenever an IDL file changes; Ctrl-C ends it')
    .addOption(
      new Option(
        '--import-extension <ext>',
        'how imports of generated files end (default: what the nearest tsconfig takes)',
      ).choices(['ts', 'js']),
    )
    .addHelpText('after', '\nExample:\n  $ oncewire generate bank.thrift --out gen')
    .action(async (paths: string[], flags: GenerateFlags) => {
      const { out } = flags
      if (out === undefined) throw new UsageError('say where the TypeScript files go, such as --out gen')
      if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`--out ${out} is a file; name a folder`)
      if (flags.watch) await generateForever(paths, out, flags)
      const { programs } = await generateOnce(thriftFiles(paths), out, flags)
      process.exitCode = programs === undefined ? exitCodes.found : exitCodes.ok
    })
}

async function generateForever(paths: readonly string[], out: string, flags: GenerateFlags): Promise<never> {
  const files = thriftFiles(paths)
  const folders = [...files.map((file) => dirname(file)), ...(flags.include ?? [])]
  return whenever(folders, async () => (await generateOnce(files, out, flags)).sources.keys())
}

async function generateOnce(files: readonly string[], out: string, flags: GenerateFlags): Promise<LoadedFiles> {
  const loaded = await loadFiles(files, flags.include ?? [])
  if (loaded.diagnostics.length > 0) say(renderDiagnostics(loaded, isColored(process.stderr)))
  if (loaded.programs === undefined) return loaded
  const importExtension = flags.importExtension ?? importExtensionFor(out)
  const programs = loaded.programs.flatMap((root) => allPrograms(root))
  const outputs = [...place(programs, out)].map(([path, program]) => ({
    path,
    text: generate(program, { importExtension }),
  }))
  const changed = outputs.filter(({ path, text }) => replaceFile(path, text))
  for (const { path } of flags.watch ? changed : outputs) process.stdout.write(`${relative('.', path)}\n`)
  say(`${counted(outputs.length, 'file')}, ${changed.length} changed`)
  return loaded
}

/** Files keep their places to each other below `out`, so that their imports fit. */
function place(programs: readonly Program[], out: string): Map<string, Program> {
  const folders = programs.map(({ file }) => dirname(file))
  let common = folders[0] ?? sep
  while (!folders.every((folder) => folder === common || folder.startsWith(join(common, sep)))) common = dirname(common)
  const placed = new Map<string, Program>()
  for (const program of programs) {
    const path = join(resolve(out), relative(common, dirname(program.file)), `${program.name}.ts`)
    const other = placed.get(path)?.file ?? program.file
    if (other !== program.file)
      throw new UsageError(
        `${relative('.', other)} and ${relative('.', program.file)} would both become ${relative('.', path)}: rename one`,
      )
    placed.set(path, program)
  }
  return placed
}
