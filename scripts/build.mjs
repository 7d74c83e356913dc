/**
 * Builds dist/: the library file for file with tsc, the command and what it needs beside the library bundled with esbuild.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(root)
if (!existsSync('src')) process.exit(0) // an installed package is built already

if (!existsSync('node_modules/typescript')) {
  // `npm install --omit=dev` and links from other projects run `prepare` too; that must not break their install.
  console.error('oncewire is not built: its dev dependencies are not installed (npm ci)')
  process.exit(process.env.npm_lifecycle_event === 'prepare' ? 0 : 1)
}

rmSync('dist', { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)

/** The library's modules lie in dist/ already, a file each: the command imports them and holds no second copy. */
const libraryStaysOutside = {
  name: 'library-stays-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir }) => {
      const file = relative('src', join(resolveDir, path))
      if (/^cli[\\/]/.test(file)) return undefined
      return { path: `../${file.replaceAll('\\', '/').replace(/ts$/, 'js')}`, external: true }
    })
  },
}

const { build, transform } = await import('esbuild')
const bundle = await build({
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/cli/main.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  minifySyntax: true,
  metafile: true,
  logLevel: 'warning',
  plugins: [libraryStaysOutside],
  // commander is CommonJS and asks for node's modules by require.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';const require = makeRequire(import.meta.url);",
  },
})
chmodSync('dist/cli/main.js', 0o755)
// The commands are in the bundle; beside it stay those that are started as processes of their own.
const isActor = (file) => /^(demo|kill)[\\/](server|client|bank)\.js$/.test(file)
for (const file of readdirSync('dist/cli', { recursive: true, encoding: 'utf8' }))
  if (/\.(js|d\.ts)$/.test(file) && file !== 'main.js' && !isActor(file)) rmSync(`dist/cli/${file}`)

/** Comments are for who reads the sources; what users' editors show is in the .d.ts files. */
for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js') || file.startsWith('cli')) continue
  const { code } = await transform(readFileSync(join('dist', file), 'utf8'), { target: 'node20.19', charset: 'utf8' })
  writeFileSync(join('dist', file), code)
}

const packages = new Set(
  Object.keys(bundle.metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
)
const notices = [...packages].sort().map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return `${name} ${version} (${license})\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`
})
const text = `The command of this package holds code of these packages.\n\n${notices.join('\n\n')}`
if (!existsSync('THIRD-PARTY-NOTICES') || readFileSync('THIRD-PARTY-NOTICES', 'utf8') !== text)
  writeFileSync('THIRD-PARTY-NOTICES', text)
