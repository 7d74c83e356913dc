/**
 * What our compiler and Apache's say of the files of a repository, and whether what ours generates compiles and loads.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { diskHost } from '../../src/driver/idl-disk.ts'
import type { Diagnostic } from '../../src/idl/diagnostic.ts'
import { loadProgram } from '../../src/idl/load.ts'
import { type ApacheCompiler, askApache, type Verdict } from '../support/apache.ts'
import { type Difference, explanation } from '../support/apache-differences.ts'
import { loadErrors, strictest, typeErrors, writeGenerated } from '../support/generated.ts'
import { includePathOf, type Repository } from './repositories.ts'

export interface JudgedFile {
  /** Path in the repository. */
  readonly file: string
  readonly lines: number
  /** Errors of ours, those of included files first. */
  readonly errors: readonly Diagnostic[]
  /** undefined where there is no compiler to ask. */
  readonly apache: Verdict | undefined
  /** Why the two differ; undefined where they don't, or where nothing explains it. */
  readonly difference: Difference | undefined
}

export interface JudgedRepository {
  readonly repository: Repository
  readonly files: readonly JudgedFile[]
  /** Files generated, and their lines. */
  readonly generated: number
  readonly generatedLines: number
  readonly typeErrors: readonly string[]
  readonly loadErrors: readonly string[]
}

export interface Judging {
  readonly apache: ApacheCompiler | undefined
  /** A project (see `asProject`) that the generated files go to. */
  readonly project: string
  readonly progress: (text: string) => void
}

export async function judge(repository: Repository, judging: Judging): Promise<JudgedRepository> {
  const out = join(judging.project, repository.name.replace('/', '+'))
  const generated: string[] = []
  const judgeFile = async (path: string): Promise<JudgedFile> => {
    const includePath = includePathOf(path, repository)
    const asked =
      judging.apache === undefined ? undefined : askApache(judging.apache, path, { includePath, timeoutMs: 60_000 })
    const { program, diagnostics } = loadProgram(path, diskHost(includePath))
    const file = relative(repository.folder, path)
    if (program !== undefined) generated.push(writeGenerated(program, join(out, file.replace(/\.thrift$/, '.ts'))))
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    const apache = await asked
    const difference = apache === undefined ? undefined : explanation(apache, errors, lineOf)
    return { file, lines: linesOf(path), errors, apache, difference }
  }
  const queue = [...repository.files.entries()]
  const files: JudgedFile[] = []
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [n, path] = next
      judging.progress(`${repository.name}: file ${n + 1} of ${repository.files.length}`)
      files[n] = await judgeFile(path)
    }
  }
  await Promise.all([work(), work()])
  judging.progress(`${repository.name}: type-checking ${generated.length} files`)
  const wrong = generated.length === 0 ? [] : typeErrors(generated, { ...strictest, paths: {} })
  judging.progress(`${repository.name}: loading ${generated.length} files`)
  return {
    repository,
    files,
    generated: generated.length,
    generatedLines: generated.reduce((sum, path) => sum + linesOf(path), 0),
    typeErrors: wrong,
    loadErrors: generated.length === 0 ? [] : loadErrors(judging.project, generated),
  }
}

function linesOf(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length
}

function lineOf({ file, position }: Diagnostic): string {
  return readFileSync(file, 'utf8').split('\n')[position.line - 1] ?? ''
}
