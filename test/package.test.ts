/**
 * Goal: what users install works, is small, and brings nothing along. Method: npm pack, an empty project, the tarball in
 * it; publint and "are the types wrong" over the same tarball.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mustBeBuilt, root } from './support/cli.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  dependencies?: object
  exports: Record<string, unknown>
}
let folder: string
let tarball: string
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })

beforeAll(() => {
  mustBeBuilt()
  folder = mkdtempSync(join(tmpdir(), 'oncewire-package-'))
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  ) as { filename: string }[]
  tarball = join(folder, packed?.filename ?? expect.fail('npm pack made nothing'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--offline', tarball], folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function sizeOf(path: string): number {
  if (statSync(path).isFile()) return statSync(path).size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

describe('the package', () => {
  test('brings no dependency', () => {
    expect(manifest.dependencies).toBeUndefined()
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['oncewire'])
  })

  test('is at most 1.5 MiB installed, and holds no test', () => {
    const installed = join(folder, 'node_modules', 'oncewire')
    const bytes = sizeOf(installed)
    console.log(`installed: ${Math.round(bytes / 1024)} KiB`)
    expect(bytes).toBeLessThan(1.5 * 1024 * 1024)
    expect(readdirSync(installed, { recursive: true }).filter((file) => String(file).includes('.test.'))).toEqual([])
  })

  test('every entry can be imported', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    for (const entry of entries) {
      const name = `oncewire${entry.slice(1)}`
      const names = run(
        process.execPath,
        ['--input-type=module', '-e', `console.log(Object.keys(await import('${name}')).join())`],
        folder,
      )
      expect(names.trim(), name).not.toBe('')
    }
  })

  test('without a SQLite binding it says what to install, on a Node that has none', () => {
    const script = `import('oncewire/sqlite').then(({ sqlite }) => sqlite('x.db')).then(() => console.log('opened'), (e) => console.log(e.code, e.message))`
    const said = run(process.execPath, ['-e', script], folder)
    expect(said).toMatch(/^opened|ledger-unusable .*npm install libsql/)
  })

  test('the command runs', () => {
    writeFileSync(join(folder, 'x.thrift'), 'service X { void f() }')
    const bin = join(folder, 'node_modules', '.bin', 'oncewire')
    expect(run(bin, ['generate', 'x.thrift', '--out', 'gen'], folder).trim()).toBe('gen/x.ts')
    expect(run(bin, ['--version'], folder).trim()).toBe(manifest.version)
  })

  test('names what others wrote, and under what licence', () => {
    const notices = readFileSync(join(folder, 'node_modules', 'oncewire', 'THIRD-PARTY-NOTICES'), 'utf8')
    const bundle = readFileSync(join(folder, 'node_modules', 'oncewire', 'dist', 'cli', 'main.js'), 'utf8')
    const bundled = [...bundle.matchAll(/^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/gm)].map(
      ([, name]) => name as string,
    )
    expect(new Set(bundled)).toEqual(new Set(['commander']))
    for (const name of new Set(bundled)) {
      const { version, license } = JSON.parse(
        readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
      ) as { version: string; license: string }
      expect(notices).toContain(`${name} ${version} (${license})`)
      expect(notices).toContain(readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8'))
    }
  })

  test('passes publint', () => {
    const said = run(
      process.execPath,
      [join(root, 'node_modules', 'publint', 'src', 'cli.js'), 'run', tarball, '--strict'],
      root,
    )
    expect(said).toContain('All good!')
  })

  test('passes "are the types wrong", as an ESM-only package', () => {
    const cli = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
    const said = run(process.execPath, [cli, tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], root)
    expect(said).toContain('OK (ESM)') // and it ended with 0, or we would not be here
  })
})
