/**
 * IDL files on a disk: reading them with what they include, and showing what is wrong with them.
 *
 * Invariant: inside, files go by their absolute names, so that two names never mean one file; people are shown short ones.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { type Diagnostic, renderDiagnostic } from '../idl/diagnostic.ts'
import { loadProgram, type SourceHost } from '../idl/load.ts'
import type { Program } from '../idl/program.ts'
import { didYouMean } from '../std/suggest.ts'
import { UsageError } from './terminal.ts'

export interface LoadedFiles {
  /** One for each file named; undefined if anything is wrong with one of them. */
  readonly programs: readonly Program[] | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** The texts, by the names that diagnostics use. */
  readonly sources: ReadonlyMap<string, string>
}

/** Loads each file; a diagnostic of a file that two of them include is told once. */
export function loadFiles(files: readonly string[], includePath: readonly string[]): LoadedFiles {
  const absent = files.flatMap((file) => whyUnreadable(file) ?? [])
  if (absent.length > 0) throw new UsageError(absent.join('\n'))
  const host = diskHost(includePath)
  const loaded = files.map((file) => loadProgram(resolve(file), host))
  const diagnostics = new Map<string, Diagnostic>()
  for (const diagnostic of loaded.flatMap((one) => one.diagnostics).map(shortened))
    diagnostics.set(JSON.stringify(diagnostic), diagnostic)
  const programs = loaded.flatMap(({ program }) => program ?? [])
  return {
    programs: programs.length === files.length ? programs : undefined,
    diagnostics: [...diagnostics.values()],
    sources: new Map(loaded.flatMap(({ sources }) => [...sources].map(([file, text]) => [short(file), text]))),
  }
}

/** All diagnostics for a terminal, and a line that counts them. */
export function renderDiagnostics({ diagnostics, sources }: LoadedFiles, color: boolean): string {
  const shown = diagnostics.map((diagnostic) =>
    renderDiagnostic(diagnostic, sources.get(diagnostic.file) ?? '', { color }),
  )
  const count = (severity: Diagnostic['severity']): string => {
    const n = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    return n === 0 ? '' : `${n} ${severity}${n === 1 ? '' : 's'}`
  }
  const counts = [count('error'), count('warning')].filter((text) => text !== '').join(', ')
  return [...shown, ...(counts === '' ? [] : [counts])].join('\n\n')
}

/** Sources on this disk; `includePath` is searched after the including file's own folder. */
export function diskHost(includePath: readonly string[]): SourceHost {
  return {
    read(file) {
      try {
        return readFileSync(file, 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
        throw error
      }
    },
    resolve: (from, literal) => [dirname(from), ...includePath].map((folder) => resolve(folder, literal)),
  }
}

/** Why a file that was named cannot be read, and which one may have been meant. */
function whyUnreadable(file: string): string | undefined {
  try {
    readFileSync(file)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EISDIR') return `${file} is a folder; name the .thrift files in it`
    if (code === 'ENOENT') return `there is no file ${file}.${didYouMean(basename(file), neighboursOf(file))}`
    return `${file} cannot be read: ${message}`
  }
}

function neighboursOf(file: string): string[] {
  try {
    return readdirSync(dirname(file)).filter((name) => name.endsWith('.thrift'))
  } catch {
    return [] // then there is no neighbour to suggest
  }
}

function short(file: string): string {
  return relative('.', file)
}

function shortened(diagnostic: Diagnostic): Diagnostic {
  const here = resolve('.') + sep
  const inText = <T extends string | undefined>(text: T): T => text?.replaceAll(here, '') as T
  return {
    ...diagnostic,
    file: short(diagnostic.file),
    message: inText(diagnostic.message),
    suggestion: inText(diagnostic.suggestion),
  }
}
