/**
 * `npm run proof:rules`: every rule of the protocol is taken out, and some world has to notice. What it took goes into
 * docs/proof.json.
 */
import { parseArgs } from 'node:util'
import { addProof } from '../support/proof.ts'
import { rules } from './rules.ts'
import { type Found, keyOf, noticedBy, onAllCores } from './search.ts'
import { covered } from './table.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    /** Only rules whose names hold this. */
    only: { type: 'string', default: '' },
    /** Leaves docs/proof.json as it is. */
    'no-doc': { type: 'boolean', default: false },
  },
})
const seeds = Number(values.seeds)
if (!(seeds > 0)) {
  console.error('usage: npm run proof:rules -- [--seeds 20000] [--only NAME] [--no-doc]')
  process.exit(2)
}

const all = rules().filter((rule) => keyOf(rule).includes(values.only))
const caught = new Map<string, Found>()
const wrong: string[] = []
await onAllCores(all, async (rule) => {
  const key = keyOf(rule)
  const why = covered[key]
  // What is covered is looked for too, or the list would keep what it no longer needs; not for so long.
  const found = await noticedBy(rule, { seeds: why === undefined ? seeds : Math.min(seeds, 300) })
  if (found !== undefined) caught.set(key, found)
  if (found === undefined && why === undefined)
    wrong.push(`${key}: ${seeds} worlds without it, and no promise is broken`)
  if (found !== undefined && why !== undefined) wrong.push(`${key}: is noticed, so strike it from the list in table.ts`)
  console.log(
    `${key}: ${found === undefined ? (why ?? 'NOT NOTICED') : `seed ${found.seed}: ${found.what.slice(0, 160)}`}`,
  )
})
console.log(`${all.length} rules taken out, ${caught.size} noticed by some world, ${wrong.length} wrong`)
for (const line of wrong) console.error(line)
process.exitCode = wrong.length > 0 ? 1 : 0

if (wrong.length === 0 && values.only === '' && !values['no-doc']) {
  const seedOf = all.flatMap((rule) => {
    const found = caught.get(keyOf(rule))
    return found === undefined ? [] : [[keyOf(rule), found.seed] as const]
  })
  const elsewhere = all.map(keyOf).filter((key) => !caught.has(key))
  addProof('rules', {
    last: {
      rulesTakenOut: all.length,
      caught: caught.size,
      seedThatCaughtIt: Object.fromEntries(seedOf),
      coveredByAnother: Object.fromEntries(elsewhere.map((key) => [key, covered[key] as string])),
    },
  })
}
