/**
 * IDL files on a disk: reading them with what they include, and showing what is wrong with them.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { type Diagnostic, renderDiagnostic } from '../idl/diagnostic.ts'
import { type Loaded, loadProgram, type SourceHost } from '../idl/load.ts'

/** Sources on this disk; `includePath` is searched after the including file's own folder. */
export function diskHost(includePath: readonly string[]): SourceHost {
  return {
    read(file) {
      try {
        return readFileSync(file, 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES' || code === 'ENOTDIR') return undefined
        throw error
      }
    },
    resolve: (from, literal) => [dirname(from), ...includePath].map((folder) => normalize(join(folder, literal))),
  }
}

/** Loads each file; a diagnostic of a file that two of them include is told once. */
export function loadFiles(
  files: readonly string[],
  includePath: readonly string[],
): { readonly loaded: Loaded[]; readonly diagnostics: Diagnostic[] } {
  const host = diskHost(includePath)
  const loaded = files.map((file) => loadProgram(normalize(file), host))
  const told = new Set<string>()
  const diagnostics = loaded
    .flatMap((one) => one.diagnostics)
    .filter((diagnostic) => {
      const key = JSON.stringify(diagnostic)
      if (told.has(key)) return false
      told.add(key)
      return true
    })
  return { loaded, diagnostics }
}

/** All diagnostics for a terminal, and a line that counts them. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  loaded: readonly Loaded[],
  color: boolean,
): string {
  const sources = new Map(loaded.flatMap(({ sources: texts }) => [...texts]))
  const shown = diagnostics.map((diagnostic) =>
    renderDiagnostic(diagnostic, sources.get(diagnostic.file) ?? '', { color }),
  )
  const count = (severity: Diagnostic['severity'], word: string): string => {
    const n = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    return n === 0 ? '' : `${n} ${word}${n === 1 ? '' : 's'}`
  }
  const counts = [count('error', 'error'), count('warning', 'warning')].filter((text) => text !== '').join(', ')
  return [...shown, ...(counts === '' ? [] : [counts])].join('\n\n')
}
