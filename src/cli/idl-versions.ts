/**
 * One of two versions of an IDL: a file or a folder, on the disk or in a git revision.
 *
 * Invariant: files that are compared with each other have one name in both versions.
 */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { diskHost } from '../driver/idl-disk.ts'
import type { Diagnostic } from '../idl/diagnostic.ts'
import type { Files } from '../idl/diff.ts'
import { allPrograms } from '../idl/includes.ts'
import { Loader, type SourceHost } from '../idl/load.ts'
import type { Program } from '../idl/program.ts'
import { Revision } from './git.ts'
import { isIdlPath, short, thriftFiles, whyUnreadable } from './idl-files.ts'
import { oneByOne, UsageError } from './terminal.ts'

export interface Version {
  /** The file or the folder. */
  readonly path: string
  readonly isFolder: boolean
  /** `path`, or what is in it. */
  readonly files: readonly string[]
  readonly host: SourceHost
  /** A file as people are shown it. */
  shown(file: string): string
}

export interface LoadedVersion {
  /** undefined if anything has an error. */
  readonly files: Files | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: ReadonlyMap<string, string>
}

/** The two that were named; `old` may be a revision alone, in which the new path is looked for. */
export function versionsOf(old: string, now: string, includePath: readonly string[]): readonly [Version, Version] {
  const later = versionOf(now, undefined, includePath)
  const earlier = versionOf(old, later.path, includePath)
  if (earlier.isFolder === later.isFolder) return [earlier, later]
  const kind = ({ isFolder }: Version): string => (isFolder ? 'a folder' : 'a file')
  throw new UsageError(
    `${old} is ${kind(earlier)} and ${now} is ${kind(later)}: compare a file with a file, or a folder with a folder`,
  )
}

export async function loadVersion(version: Version): Promise<LoadedVersion> {
  const { path, isFolder, files, host } = version
  const loader = new Loader(host)
  const found = new Map<string, Program>()
  for await (const file of oneByOne(files, 'files read')) {
    const program = loader.load(file)
    if (program === undefined) continue
    for (const one of allPrograms(program)) {
      // Two files that are named are compared whatever their names.
      const name = !isFolder && one.file === path ? 'the file' : relative(isFolder ? path : dirname(path), one.file)
      found.set(name, one)
    }
  }
  const hasErrors = loader.diagnostics.some(({ severity }) => severity === 'error')
  return {
    files: hasErrors ? undefined : found,
    diagnostics: loader.diagnostics.map((one) => ({ ...one, file: version.shown(one.file) })),
    sources: new Map([...loader.sources].map(([file, text]) => [version.shown(file), text])),
  }
}

function versionOf(named: string, other: string | undefined, includePath: readonly string[]): Version {
  if (existsSync(named)) return onDisk(named, includePath)
  const colon = named.indexOf(':')
  const name = colon < 0 ? named : named.slice(0, colon)
  if (colon < 0 && other === undefined) throw new UsageError(whyUnreadable(named) ?? `${named} cannot be read`)
  // A revision alone means the new path in it, so it is the repository of that.
  const folder = colon >= 0 || other === undefined ? '.' : folderOf(other)
  if (name === '') throw new UsageError(`${named}: name a revision before the colon, such as HEAD${named}`)
  const revision = Revision.find(name, folder)
  if (typeof revision === 'string') throw new UsageError(`${whyUnreadable(named) ?? named}\nand ${revision}`)
  return inRevision(revision, colon < 0 ? (other as string) : pathIn(revision, named.slice(colon + 1)), includePath)
}

function onDisk(named: string, includePath: readonly string[]): Version {
  const isFolder = statSync(named).isDirectory()
  const path = realpathSync(named)
  const files = thriftFiles([named]).map((file) => realpathSync(file))
  return { path, isFolder, files, host: diskHost(includePath), shown: short }
}

/** As in git: from the top of the repository, or with a dot from here. */
function pathIn(revision: Revision, path: string): string {
  return path.startsWith('.') ? join(realpathSync('.'), path) : join(revision.top, path)
}

function inRevision(revision: Revision, path: string, includePath: readonly string[]): Version {
  if (!revision.has(path)) throw new UsageError(`${short(path)} is not in the git repository ${revision.top}`)
  const isFolder = path === revision.top || revision.isFolder(path)
  const disk = diskHost(includePath.map((folder) => (existsSync(folder) ? realpathSync(folder) : resolve(folder))))
  const host: SourceHost = {
    read: (file) => (revision.has(file) ? revision.read(file) : disk.read(file)),
    resolve: disk.resolve,
  }
  const files = isFolder ? revision.list(path).filter((file) => isIdlPath(relative(path, file))) : [path]
  if (!isFolder && revision.read(path) === undefined) {
    const advice = `if it had another name there, say ${revision.name}:folder/${basename(path)}`
    throw new UsageError(`there is no ${revision.shown(path)}; ${advice}`)
  }
  return { path, isFolder, files, host, shown: (file) => (revision.has(file) ? revision.shown(file) : short(file)) }
}

function folderOf(path: string): string {
  return statSync(path).isDirectory() ? path : dirname(path)
}
