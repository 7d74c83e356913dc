/**
 * IDL files on a disk: finding them, reading them with what they include, and showing what is wrong with them.
 *
 * Invariant: inside, files go by their absolute names, so that two names never mean one file; people are shown short ones.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type Diagnostic, renderDiagnostic } from '../idl/diagnostic.ts'
import { diskHost, thriftFilesIn } from '../driver/idl-disk.ts'
import { Loader } from '../idl/load.ts'
import type { Program } from '../idl/program.ts'
import { didYouMean } from '../std/suggest.ts'
import { counted, oneByOne, UsageError } from './terminal.ts'

export interface LoadedFiles {
  /** One for each file named; undefined if anything is wrong with one of them. */
  readonly programs: readonly Program[] | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** The texts, by the names that diagnostics use. */
  readonly sources: ReadonlyMap<string, string>
}

/** Loads each file, and what it includes, once. */
export async function loadFiles(files: readonly string[], includePath: readonly string[]): Promise<LoadedFiles> {
  const loader = new Loader(diskHost(includePath))
  const programs: Program[] = []
  for await (const file of oneByOne(files, 'files read')) {
    const program = loader.load(resolve(file))
    if (program !== undefined) programs.push(program)
  }
  const { diagnostics, sources } = loader
  return {
    programs: diagnostics.some(({ severity }) => severity === 'error') ? undefined : programs,
    diagnostics: diagnostics.map(shortened),
    sources: new Map([...sources].map(([file, text]) => [short(file), text])),
  }
}

/** Files as they were named, those of a folder in its place; whatever cannot be read is told, all of it at once. */
export function thriftFiles(paths: readonly string[]): string[] {
  const found = paths.map((path) => (isFolder(path) ? filesBelow(path) : [path]))
  const absent = found.flat().flatMap((file) => whyUnreadable(file) ?? [])
  const empty = paths.filter((_, i) => found[i]?.length === 0)
  const wrong = [...absent, ...empty.map((folder) => `there is no .thrift file in ${folder}`)]
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'))
  return found.flat()
}

/** All diagnostics for a terminal, and a line that counts them. */
export function renderDiagnostics(
  { diagnostics, sources }: Pick<LoadedFiles, 'diagnostics' | 'sources'>,
  color: boolean,
): string {
  const shown = diagnostics.map((diagnostic) =>
    renderDiagnostic(diagnostic, sources.get(diagnostic.file) ?? '', { color }),
  )
  const count = (severity: Diagnostic['severity']): string => {
    const n = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    return n === 0 ? '' : counted(n, severity)
  }
  const counts = [count('error'), count('warning')].filter((text) => text !== '').join(', ')
  return [...shown, ...(counts === '' ? [] : [counts])].join('\n\n')
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** In the order of their names; hidden folders and installed packages are somebody else's. */
function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    // Not through symbolic links, which may lead in a circle.
    if (entry.isDirectory()) return isForeign(entry.name) ? [] : filesBelow(path)
    return isIdlPath(entry.name) ? [path] : []
  })
}

/** Whether a file below a folder that was named is meant with it. */
export function isIdlPath(path: string): boolean {
  const folders = path.split(sep).slice(0, -1)
  return path.endsWith('.thrift') && !folders.some(isForeign)
}

function isForeign(folder: string): boolean {
  return folder.startsWith('.') || folder === 'node_modules'
}

/** Why a file that was named cannot be read, and which one may have been meant. */
export function whyUnreadable(file: string): string | undefined {
  try {
    readFileSync(file)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return `there is no file ${file}.${didYouMean(basename(file), thriftFilesIn(dirname(file)))}`
    return `${file} cannot be read: ${message}`
  }
}

/** As people are shown it. */
export function short(file: string): string {
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
