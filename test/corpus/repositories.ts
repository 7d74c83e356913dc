/**
 * What lies below a folder of real .thrift files: repositories, their commits, their files, and where includes may lie.
 *
 * A subfolder is a repository. Its commit is told by its `.git`, or by a file `COMMIT` in it: `owner/name hash`, and below
 * that a line for everything that was added by hand.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

export interface Repository {
  /** `owner/name`, or the folder's. */
  readonly name: string
  readonly folder: string
  /** undefined where nothing tells it. */
  readonly commit: string | undefined
  /** What was added by hand. */
  readonly remarks: readonly string[]
  /** Every .thrift file, by its absolute name. */
  readonly files: readonly string[]
}

/** Repositories in the order of their names; those without a .thrift file are left out. */
export function repositories(folder: string): Repository[] {
  const root = resolve(folder)
  const isRepository = existsSync(join(root, '.git')) || existsSync(join(root, 'COMMIT'))
  const folders = isRepository ? [root] : readdirSync(root).map((name) => join(root, name))
  return folders
    .filter((path) => statSync(path).isDirectory())
    .map(repository)
    .filter(({ files }) => files.length > 0)
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
}

function repository(folder: string): Repository {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.thrift'))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort()
  return { folder, files, ...identityOf(folder) }
}

function identityOf(folder: string): Pick<Repository, 'name' | 'commit' | 'remarks'> {
  const told = join(folder, 'COMMIT')
  if (existsSync(told)) {
    const [first = '', ...remarks] = readFileSync(told, 'utf8').trim().split('\n')
    const [name = '', commit] = first.split(' ')
    return { name, commit, remarks }
  }
  const git = (...args: string[]): string | undefined => {
    try {
      return execFileSync('git', ['-C', folder, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    } catch {
      return undefined // no git, or no such remote
    }
  }
  if (!existsSync(join(folder, '.git'))) return { name: basename(folder), commit: undefined, remarks: [] }
  const remote = /([^/:]+\/[^/]+?)(?:\.git)?$/.exec(git('remote', 'get-url', 'origin') ?? '')?.[1]
  return { name: remote ?? basename(folder), commit: git('rev-parse', 'HEAD'), remarks: [] }
}

/**
 * The folders that must be searched, so that what a file includes is found, as far as it is in the repository. Of several
 * files that an include may mean, the one nearest to the including file counts.
 */
export function includePathOf(file: string, { files }: Repository): string[] {
  const path: string[] = []
  const seen = new Set<string>()
  const visit = (from: string): void => {
    if (seen.has(from)) return
    seen.add(from)
    for (const literal of includesIn(from)) {
      const found = [dirname(from), ...path].map((folder) => resolve(folder, literal)).find((one) => existsSync(one))
      const target = found ?? nearestTo(from, literal, files)
      if (target === undefined) continue
      if (found === undefined) path.push(target.slice(0, -tailOf(literal).length))
      visit(target)
    }
  }
  visit(file)
  return path
}

function includesIn(file: string): string[] {
  const lines = readFileSync(file, 'utf8').matchAll(/^\s*include\s+(["'])([^"'\n]+)\1/gm)
  return [...lines].map((match) => match[2] as string)
}

/** What the path of an included file must end with. */
function tailOf(literal: string): string {
  return `/${literal.replace(/^(\.\.?\/)+/, '')}`
}

function nearestTo(from: string, literal: string, files: readonly string[]): string | undefined {
  const folders = from.split('/')
  const steps = (file: string): number => {
    const others = file.split('/')
    const common = folders.findIndex((folder, n) => folder !== others[n])
    return folders.length + others.length - 2 * common
  }
  return files.filter((file) => file.endsWith(tailOf(literal))).sort((a, b) => steps(a) - steps(b))[0]
}
