/**
 * The programs of the chaos run, ready to start: each a file of its own that imports the built library.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from '../support/cli.ts'

const doors: Readonly<Record<string, string>> = {
  oncewire: 'index.js',
  'oncewire/stub/v1': 'rpc/stub-v1.js',
  'oncewire/sqlite': 'ledger/sqlite.js',
  'oncewire/postgres': 'ledger/postgres.js',
}

/** Answers where server.js and client.js are: in `folder`. */
export async function buildActors(folder: string): Promise<URL> {
  await build({
    entryPoints: ['server.ts', 'client.ts'].map((name) => join(import.meta.dirname, name)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
    plugins: [
      {
        name: 'the-built-library',
        setup({ onResolve }) {
          onResolve({ filter: /^oncewire(\/|$)/ }, ({ path }) => {
            const file = doors[path]
            if (file === undefined) throw new Error(`${path} is no door of the library`)
            return { path: pathToFileURL(join(root, 'dist', file)).href, external: true }
          })
        },
      },
    ],
  })
  return pathToFileURL(`${folder}/`)
}
