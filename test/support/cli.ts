/**
 * The built command, run as users run it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '..', '..')
/** The built command: run it with `process.execPath`. */
export const main: string = join(root, 'dist', 'cli', 'main.js')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Tests that run what was built call this first. */
export function mustBeBuilt(): void {
  if (!existsSync(main)) throw new Error('dist/ is not there: run npm run build first')
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ran>
}

/** Starts `oncewire ...args` in `folder`, beside whoever this process serves. `stdin`: what it may read there. */
export function startOncewire(folder: string, args: readonly string[], stdin = ''): Running {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text))
  child.stdin.end(stdin)
  const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, ...out })))
  return { child, ended }
}

/** Runs `oncewire ...args` in `folder`, where nothing is a terminal. */
export function oncewire(folder: string, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

/** Runs git in `folder`, whatever the settings of whoever runs the tests. */
export function git(folder: string, ...args: string[]): void {
  const settings = [
    'user.name=nobody',
    'user.email=nobody@example.invalid',
    'commit.gpgsign=false',
    'core.hooksPath=/dev/null',
  ]
  const all = [...settings.flatMap((setting) => ['-c', setting]), ...args]
  const { status, stderr, error } = spawnSync('git', all, { cwd: folder, encoding: 'utf8' })
  if (error !== undefined) throw new Error(`this test needs git: ${error.message}`)
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}
