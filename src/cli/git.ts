/**
 * Files as they were in a revision of a git repository, by the names they have on the disk.
 *
 * Invariant: only reads; a revision is looked up once, so that nothing moves in between.
 */
import { spawnSync } from 'node:child_process'
import { join, relative, sep } from 'node:path'
import { UsageError } from './terminal.ts'

export class Revision {
  /** As it was asked for. */
  readonly name: string
  /** The folder of the repository. */
  readonly top: string
  private readonly commit: string

  /** In the repository around `folder`; else why not. */
  static find(name: string, folder: string): Revision | string {
    const top = git(folder, ['rev-parse', '--show-toplevel'])?.trimEnd()
    if (top === undefined) return `${folder === '.' ? 'this folder' : folder} is not in a git repository`
    const commit = git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])?.trimEnd()
    return commit === undefined ? `the git repository ${top} has no revision ${name}` : new Revision(name, top, commit)
  }

  private constructor(name: string, top: string, commit: string) {
    this.name = name
    this.top = top
    this.commit = commit
  }

  has(file: string): boolean {
    return relative(this.top, file).split(sep)[0] !== '..'
  }

  /** The text of a file; undefined if there was none. */
  read(file: string): string | undefined {
    return git(this.top, ['cat-file', 'blob', this.object(file)])
  }

  isFolder(path: string): boolean {
    return git(this.top, ['cat-file', '-t', this.object(path)])?.trimEnd() === 'tree'
  }

  /** All files below a folder. */
  list(folder: string): string[] {
    const below = inRepository(relative(this.top, folder)) || '.'
    const listed = git(this.top, ['ls-tree', '-r', '-z', '--name-only', this.commit, '--', below]) ?? ''
    return listed.split('\0').flatMap((name) => (name === '' ? [] : join(this.top, name)))
  }

  /** `HEAD~1:idl/bank.thrift`: how git and people name it. */
  shown(file: string): string {
    return `${this.name}:${inRepository(relative(this.top, file))}`
  }

  private object(file: string): string {
    return `${this.commit}:${inRepository(relative(this.top, file))}`
  }
}

function inRepository(path: string): string {
  return path.split(sep).join('/')
}

const outputBytesMax = 1 << 28

/** What git says; undefined if it has nothing to say. */
function git(folder: string, args: readonly string[]): string | undefined {
  const { error, status, stdout } = spawnSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    maxBuffer: outputBytesMax,
  })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new UsageError('git is not installed: name two files or two folders')
  if (error !== undefined) throw error
  return status === 0 ? stdout : undefined
}
