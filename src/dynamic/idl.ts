/**
 * Programs and the `Idl` values that generated code carries, one into the other.
 *
 * Invariant: a path is a name among files that came together; nothing is looked for on a disk.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { renderDiagnostic } from '../idl/diagnostic.ts'
import { includesOf } from '../idl/includes.ts'
import { type Loaded, loadProgram, type SourceHost } from '../idl/load.ts'
import { printProgram } from '../idl/print.ts'
import type { Program } from '../idl/program.ts'
import type { IdlFile } from '../rpc/idl-files.ts'
import type { Idl } from '../rpc/service.ts'

/** What generated code of the program would carry. */
export function idlOf(program: Program, made: Map<Program, Idl> = new Map()): Idl {
  const known = made.get(program)
  if (known !== undefined) return known
  const idl = {
    file: program.file.replace(/^.*[/\\]/, ''),
    includes: Object.fromEntries([...includesOf(program)].map(([literal, one]) => [literal, idlOf(one, made)])),
    text: printProgram(program),
  }
  made.set(program, idl)
  return idl
}

/**
 * The program of the first file; the others are what it includes.
 *
 * @throws {OncewireError} idl-invalid
 */
export function programOf(files: readonly IdlFile[]): Program {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const host: SourceHost = {
    read: (path) => byPath.get(path)?.text,
    resolve: (from, literal) => [byPath.get(from)?.includes.get(literal) ?? literal],
  }
  return valid(loadProgram(files[0]?.path ?? '', host))
}

/** @throws {OncewireError} idl-invalid, which shows the first error */
export function valid({ program, diagnostics, sources }: Loaded): Program {
  if (program !== undefined) return program
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const shown = errors.slice(0, 1).map((error) => renderDiagnostic(error, sources.get(error.file) ?? ''))
  const more = errors.length > 1 ? `\n(and ${errors.length - 1} more)` : ''
  throw new OncewireError('idl-invalid', 'never', `${shown.join('\n')}${more}`)
}
