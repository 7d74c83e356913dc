/**
 * Generated files as users have them: in a folder of their own, under the strictest compiler, loaded by Node.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'
import { generate } from '../../src/codegen/generate.ts'
import type { Program } from '../../src/idl/program.ts'

const root = join(import.meta.dirname, '..', '..')

/** Every flag that a project may have on. */
export const strictest: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  noImplicitReturns: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedDeclarations: true,
  rewriteRelativeImportExtensions: true,
  declaration: true,
}

/** A folder in which `oncewire` is installed. */
export function asProject(folder: string): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  symlinkSync(root, join(folder, 'node_modules', 'oncewire'))
}

/** Writes the file of `program`; imports end in `.ts`, and `path` says where another file of the program lies. */
export function writeGenerated(program: Program, path: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, generate(program, { importExtension: 'ts' }))
  return path
}

/** What the compiler says of these files (not of what they import), under some flags. */
export function typeErrors(files: readonly string[], options: ts.CompilerOptions = strictest): string[] {
  const program = ts.createProgram(files, {
    ...options,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    paths: options.paths ?? { 'oncewire/stub/v1': [join(root, 'src/rpc/stub-v1.ts')] },
  })
  const own = new Set(files.map((file) => resolve(file)))
  return ts.getPreEmitDiagnostics(program).flatMap(({ messageText, file, start = 0 }) => {
    if (file !== undefined && !own.has(resolve(file.fileName))) return []
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return [`${file?.fileName ?? 'options'}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`]
  })
}

/** What Node says when it loads each of these files of a project, types taken off: nothing where all is well. */
export function loadErrors(folder: string, files: readonly string[]): string[] {
  const scripts = files.map((file) => {
    const script = join(folder, 'js', relative(folder, file)).replace(/\.ts$/, '.js')
    mkdirSync(dirname(script), { recursive: true })
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    })
    writeFileSync(script, outputText)
    return `./${relative(folder, script).replaceAll(sep, '/')}`
  })
  const load = `for (const file of ${JSON.stringify(scripts)})
  try { await import(file) } catch (error) { console.log(file + ': ' + String(error)) }`
  writeFileSync(join(folder, 'load.js'), load)
  const { stdout, stderr, status } = spawnSync(process.execPath, ['load.js'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) return [`node ended with ${status}: ${stderr}`]
  return stdout.split('\n').filter((line) => line !== '')
}
