/**
 * `npm run proof:chaos`: a million calls between real processes that are killed, stopped and cut off; then every one of
 * them is accounted for.
 */
import { parseArgs } from 'node:util'
import { showProgress } from '../../src/cli/demo/processes.ts'
import { addProof } from '../support/proof.ts'
import { runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '1500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    worlds: { type: 'string', default: 'sqlite,postgres' },
    /** Milliseconds between two blows to a world, on average. */
    every: { type: 'string', default: '1500' },
    json: { type: 'boolean', default: false },
    /** Leaves docs/proof.json as it is. */
    'no-doc': { type: 'boolean', default: false },
  },
})
const [calls, seconds, seed, everyMs] = [values.calls, values.seconds, values.seed, values.every].map(Number) as [
  number,
  number,
  number,
  number,
]
const worlds = values.worlds.split(',')
const isWorld = (name: string): name is 'sqlite' | 'postgres' => name === 'sqlite' || name === 'postgres'
if (![calls, seconds, seed, everyMs].every(Number.isSafeInteger) || !worlds.every(isWorld)) {
  console.error(
    'usage: npm run proof:chaos -- [--calls N] [--seconds S] [--seed N] [--worlds sqlite,postgres] [--every MS] [--json] [--no-doc]',
  )
  process.exit(2)
}
console.error(`${calls} calls, seed ${seed}`)
let saidMs = performance.now()
const report = await runChaos({
  ...{ calls, seconds, seed, worlds, everyMs },
  onProgress(called) {
    showProgress(Math.min(called, calls), calls, 'calls')
    if (process.stderr.isTTY || performance.now() - saidMs < 30_000) return
    saidMs = performance.now()
    console.error(`${called} calls`)
  },
})
const { shown, folder, ...figures } = report
if (values.json) console.log(JSON.stringify(figures))
else {
  const listed = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, n]) => `  ${name.padEnd(20)} ${n}`)
      .join('\n')
  console.log(`${report.calls} calls in ${report.seconds} s, ${report.callsPerSecond} a second under fire; ${report.effects} effects, ${report.frames} frames
told
${listed(report.outcomes)}
what was done
${listed(report.faults)}
${report.violations === 0 ? 'no promise was broken' : `${report.violations} BROKEN PROMISES`}`)
}
const isWhole = calls >= 1_000_000 && report.calls >= calls
if (report.violations === 0 && isWhole && !values['no-doc']) {
  const { outcomes, faults, effects, frames, violations } = report
  addProof('chaos', {
    total: { calls: report.calls, effects, frames, violations, outcomes, faults },
    last: { seed },
  })
}
for (const text of shown) console.error(text)
if (folder !== undefined)
  console.error(
    `histories, databases, tapes and journals are in ${folder}; again: npm run proof:chaos -- --seed ${seed}`,
  )
process.exitCode = report.violations === 0 ? 0 : 1
