/**
 * Apache Thrift's own compiler as a judge: found on this machine, asked about one file at a time.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ApacheCompiler {
  readonly path: string
  /** `0.17.0`. */
  readonly version: string
}

export interface Verdict {
  readonly isAccepted: boolean
  /** Its first error, without its place; empty where it accepts. */
  readonly said: string
}

/** Those that THRIFT_COMPILER names, or the one on the PATH. */
export function apacheCompilers(named = process.env['THRIFT_COMPILER'] ?? 'thrift'): ApacheCompiler[] {
  return named.split(':').flatMap((path) => apacheCompiler(path) ?? [])
}

/** The compiler at `path`, or undefined if nothing there answers as Thrift. */
export function apacheCompiler(path: string): ApacheCompiler | undefined {
  try {
    const text = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const version = /^Thrift version (\S+)/.exec(text)?.[1]
    return version === undefined ? undefined : { path, version }
  } catch {
    return undefined // not there, or not a program
  }
}

/** What the compiler says of a file. It loops on some; after `timeoutMs` that is a refusal too. */
export async function askApache(
  compiler: ApacheCompiler,
  file: string,
  {
    includePath = [],
    timeoutMs = 10_000,
  }: { readonly includePath?: readonly string[]; readonly timeoutMs?: number } = {},
): Promise<Verdict> {
  const out = await mkdtemp(join(tmpdir(), 'oncewire-apache-'))
  const args = [...includePath.flatMap((folder) => ['-I', folder]), '-out', out, '--gen', 'js:node,es6,ts', '-r', file]
  try {
    return await new Promise((resolve) => {
      execFile(compiler.path, args, { encoding: 'utf8', timeout: timeoutMs }, (error, stdout, stderr) => {
        if (error === null) return resolve({ isAccepted: true, said: '' })
        const ended =
          error.killed === true ? `no answer within ${timeoutMs} ms` : `ended by ${error.signal ?? 'itself'}`
        resolve({ isAccepted: false, said: firstError(`${stderr}\n${stdout}`) ?? ended })
      })
    })
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

function firstError(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim())
  const said = lines.filter((line) => line !== '' && !/^(\[WARNING|\[ERROR)|^\*\*\*/.test(line))
  return said[0]?.replace(/^\[FAILURE:[^\]]*\]\s*/, '')
}
