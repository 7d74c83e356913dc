/**
 * Whether a project's compiler takes imports that end in `.ts`: the nearest tsconfig.json says so.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from './terminal.ts'

interface Config {
  readonly extends?: string | readonly string[]
  readonly compilerOptions?: Readonly<Record<string, unknown>>
}

/** `.ts` where the tsconfig nearest to `folder` allows it, or there is none; else `.js`. */
export function importExtensionFor(folder: string): 'ts' | 'js' {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const config = join(at, 'tsconfig.json')
    if (existsSync(config)) return allows(config) ? 'ts' : 'js'
    if (dirname(at) === at) return 'ts'
  }
}

function allows(config: string): boolean {
  return ['allowImportingTsExtensions', 'rewriteRelativeImportExtensions'].some(
    (name) => optionOf(config, name, new Set()) === true,
  )
}

/** A compiler option as TypeScript reads it: a file's own value, else that of the last base that has one. */
function optionOf(file: string, name: string, seen: Set<string>): unknown {
  if (seen.has(file)) return undefined
  seen.add(file)
  const config = read(file)
  const own = config.compilerOptions?.[name]
  if (own !== undefined) return own
  for (const base of [config.extends ?? []].flat().reverse()) {
    const path = baseFile(file, base)
    const value = path === undefined ? undefined : optionOf(path, name, seen)
    if (value !== undefined) return value
  }
  return undefined
}

function baseFile(from: string, base: string): string | undefined {
  if (!base.startsWith('.') && !base.startsWith('/')) {
    try {
      return createRequire(from).resolve(base)
    } catch {
      return undefined // a package that is not installed; the compiler will say so
    }
  }
  const path = resolve(dirname(from), base)
  return [path, `${path}.json`].find((file) => file.endsWith('.json') && existsSync(file))
}

/** tsconfig.json is JSON with comments and trailing commas. */
function read(file: string): Config {
  const text = readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1')
  try {
    return JSON.parse(text.trim() === '' ? '{}' : text) as Config
  } catch (error) {
    throw new UsageError(`${file} is not valid (${(error as Error).message}); mend it, or say --import-extension ts|js`)
  }
}
