/**
 * `npm run fuzz`: fuzzes every target for its share of the time, keeps what reaches new code, and writes the counts into
 * docs/interop.md.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeSection } from '../../../scripts/doc-section.mjs'
import { readCorpus, writeCorpus } from './corpus.ts'
import { fuzz, type FuzzedTarget } from './run.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    /** Leaves the corpus and docs/interop.md as they are. */
    'no-doc': { type: 'boolean', default: false },
  },
})
const [seed, seconds] = [Number(values.seed), Number(values.seconds)]
if (!Number.isFinite(seed) || !(seconds > 0)) {
  console.error('usage: npm run fuzz -- [--seconds 60] [--seed N] [--only TARGET] [--json] [--no-doc]')
  process.exit(2)
}
console.error(`seed ${seed}, ${seconds} s`)
let saidMs = 0
const done = await fuzz(
  {
    seed,
    milliseconds: seconds * 1000,
    only: values.only,
    onProgress(text) {
      if (process.stderr.isTTY && performance.now() - saidMs > 250) {
        saidMs = performance.now()
        process.stderr.write(`\r\x1b[K${text}`)
      }
    },
  },
  join(root, 'node_modules', '.cache', 'oncewire', 'fuzz.mjs'),
)
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
for (const { target, count, reached, findings } of done) {
  console.error(`${target.padEnd(16)} ${count} inputs, ${reached} branches, ${findings.length} findings`)
  for (const { input, why } of findings) console.error(`  ${Buffer.from(input).toString('base64')} ${why}`)
}
if (values.json)
  console.log(
    JSON.stringify({ seed, seconds, done: done.map(({ corpus, ...rest }) => ({ ...rest, kept: corpus.length })) }),
  )
if (!values['no-doc'] && values.only.length === 0) {
  for (const { target, corpus, findings } of done) {
    const broke = readCorpus(target).filter(({ why }) => why !== '')
    writeCorpus(target, [...broke, ...findings, ...corpus.map((input) => ({ input, why: '' }))])
  }
  writeSection(join(root, 'docs', 'interop.md'), 'fuzz', section(done))
}
process.exit(done.some(({ findings }) => findings.length > 0) ? 1 : 0)

function section(fuzzed: readonly FuzzedTarget[]): string {
  const total = fuzzed.reduce((sum, { count }) => sum + count, 0)
  const rows = fuzzed.map(
    ({ target, count, reached, corpus, findings }) =>
      `| ${target} | ${count.toLocaleString('en')} | ${reached} | ${corpus.length} | ${findings.length} |`,
  )
  return `${total.toLocaleString('en')} inputs in ${seconds} s (seed ${seed}).

| target | inputs | branches reached | inputs kept in \`test/corpus\` | findings |
|---|---|---|---|---|
${rows.join('\n')}`
}
