/**
 * Crash points: statements that a comment `// Crash point NAME` marks. A copy of the code is bundled that can end there.
 *
 * Invariant: production has no switch for this; `{...}` in a name is an expression of the code that stands behind it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root } from '../support/cli.ts'

const src = join(root, 'src')
const mark = /^( *)\/\/ Crash point (\S.*)$/gm

/** Names as they are marked, `client:before-send-{frame.kind}` for a family. */
export function markedPoints(): string[] {
  return ['driver', 'journal', 'ledger', 'transport'].flatMap((folder) =>
    readdirSync(join(src, folder))
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) =>
        [...readFileSync(join(src, folder, name), 'utf8').matchAll(mark)].map((found) => found[2] ?? ''),
      ),
  )
}

/** Whether a point that was reached is the marked one, or of its family. */
export function isOf(marked: string, reached: string): boolean {
  const pattern = marked.replace(/\{[^}]*\}/g, '[a-z-]+')
  return new RegExp(`^${pattern}$`).test(reached)
}

/** Bundles server.ts and client.ts with a call of the hook at every mark; answers their folder, which goes with the process. */
export async function bundleActors(): Promise<string> {
  // Below node_modules, where the bundle finds the database bindings.
  const outdir = mkdtempSync(join(root, 'node_modules', '.crash-'))
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  const points: Plugin = {
    name: 'points',
    setup({ onLoad }) {
      onLoad({ filter: /src\/(driver|journal|ledger|transport)\/[^/]+\.ts$/ }, ({ path }) => ({
        loader: 'ts',
        contents: readFileSync(path, 'utf8').replace(
          mark,
          (_, indent: string, name: string) =>
            `${indent}globalThis.oncewireCrashPoint(\`${name.replaceAll('{', '${')}\`);`,
        ),
      }))
    },
  }
  await build({
    entryPoints: ['server.ts', 'client.ts'].map((name) => join(import.meta.dirname, name)),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    // The hook is imported for what it does, and package.json says that nothing of ours does anything.
    ignoreAnnotations: true,
    outExtension: { '.js': '.mjs' },
    plugins: [points],
    logLevel: 'silent',
  })
  return outdir
}
