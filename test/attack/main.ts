/**
 * `npm run hostile`: every attack in full against a real server process; what was measured goes into docs/interop.md.
 */
import { parseArgs } from 'node:util'
import { writeSection } from '../../scripts/doc-section.mjs'
import { attackAll, type AttackReport } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    share: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    /** Leaves docs/interop.md as it is. */
    'no-doc': { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const share = Number(values.share)
if (!Number.isFinite(seed) || !(share > 0 && share <= 1)) {
  console.error('usage: npm run hostile -- [--seed N] [--share 0.1] [--json] [--no-doc]')
  process.exit(2)
}

const line = ({ name, inputs, peakMiB, honestCalls, slowestMs, failures }: AttackReport): string =>
  `${name.padEnd(48)} ${String(inputs).padStart(7)} inputs, ${String(peakMiB).padStart(4)} MiB, ${honestCalls} honest calls, slowest ${Math.round(slowestMs)} ms${failures.length === 0 ? '' : `: ${failures.join('; ')}`}`

console.error(`seed ${seed}`)
const reports = await attackAll({ seed, share, onReport: (report) => console.error(line(report)) })
const failures = reports.flatMap((report) => report.failures)
const inputs = reports.reduce((sum, report) => sum + report.inputs, 0)
if (values.json) console.log(JSON.stringify({ seed, share, inputs, reports }))
if (!values['no-doc']) writeSection(new URL('../../docs/interop.md', import.meta.url), 'hostile', section())
console.error(
  failures.length === 0 ? `${inputs} hostile inputs: the server lives, and answered everybody else` : 'FAILED',
)
process.exit(failures.length === 0 ? 0 : 1)

function section(): string {
  const rows = reports.map(
    ({ name, inputs: count, peakMiB, honestCalls, failures: failed }) =>
      `| ${name} | ${count.toLocaleString('en')} | ${peakMiB} MiB | ${honestCalls.toLocaleString('en')} | ${failed.length === 0 ? 'yes' : failed.join('; ')} |`,
  )
  return `${inputs.toLocaleString('en')} hostile inputs by ${reports.length} attacks, one after the other, on one server process that was never started again (seed ${seed}). An honest client called it all the while.

| attack | inputs | the server's memory at most | honest calls answered meanwhile | the server lived, and all of them were answered |
|---|---|---|---|---|
${rows.join('\n')}`
}
