/**
 * Goal: in worlds where everything goes wrong that can, no promise is broken (protocol section 7), and a rule that is taken
 * out of the code is missed. Method: seeds; and for each marked rule a bundle of the same code without that statement.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { simulateOnce } from '../src/sim/simulation.ts'
import { temporaryFolder } from './support/bank.ts'
import { bundleWithout, type Rule, rules } from './support/without-rule.ts'

const seeds = Number(process.env['SEEDS'] ?? 300)
const first = Number(process.env['SEED'] ?? 1)
const world = { clients: 2, calls: 10 }

describe(`seeds ${first} to ${first + seeds - 1}`, () => {
  test('no promise is broken', { timeout: 120_000 }, async () => {
    for (let seed = first; seed < first + seeds; seed++) {
      const { violations } = await simulateOnce({ ...world, seed })
      expect(violations, `oncewire simulate --seed ${seed}`).toEqual([])
    }
  })

  test('a seed decides everything: the same trace twice', async () => {
    for (let seed = first; seed < first + 5; seed++) {
      const [one, other] = [
        await simulateOnce({ ...world, seed, isTraced: true }),
        await simulateOnce({ ...world, seed, isTraced: true }),
      ]
      expect(one).toEqual(other)
      expect(one.trace.length).toBeGreaterThan(10)
    }
  })

  test('every fault happens in some of them, and with no faults all goes well', { timeout: 60_000 }, async () => {
    const happened = new Set<string>()
    for (let seed = 1; seed <= 150; seed++) {
      for (const name of Object.keys((await simulateOnce({ ...world, seed })).faults)) happened.add(name)
    }
    expect(happened.size).toBeGreaterThan(20)
    expect(await simulateOnce({ ...world, seed: 1, faults: [] })).toMatchObject({ violations: [], faults: {} })
  })
})

/**
 * Rules that the simulator does not miss yet, and why: what they are about does not happen in its worlds. Each is held by
 * a test beside the code.
 */
const notMissed: Readonly<Record<string, string>> = {
  '2.1 (denied)': 'there is one principal',
  '1 (resume-denied)': 'there is one principal',
  '2.1 (fenced)': 'copies of journals are rare',
  '1 (resume-fenced)': 'copies of journals are rare',
  '1 (instance)': 'copies of journals are rare',
  '1 (journal-behind)': 'restored journals are rare',
  '1 (resume-expired)': 'no lease ends',
  '3 (lease)': 'no lease ends',
  '3 (lease-waits)': 'no lease ends',
  '3 (memory-lease)': 'no lease ends',
  '3 (bye)': 'no channel is closed',
  '3 (ack-journalled)': 'a full disk is rare',
  '2.3 (xid-reused)': 'no peer lies',
  '2.5 (malformed)': 'no peer lies',
  '2.5 (deadline)': 'economy, not safety',
  '2.5 (window)': 'clients keep to it by themselves',
  '2.5 (quota-records)': 'clients keep few records',
  '2.5 (quota-bytes)': 'clients keep few records',
  '2.4 (key-attach)': 'no effect is external',
  '2.4 (key-unknown)': 'no effect is external',
  '2.3 (effect-unknown)': 'no effect is external',
  '2 (object-busy)': 'no effect is external',
  '2 (overtaken)': 'no effect is external',
  '2 (completion)': 'no effect is external',
  '2 (settle-once)': 'no effect is external',
  '2 (reconcile-dead)': 'no effect is external',
  '2 (intent-key)': 'no effect is external',
  '3 (key-expired)': 'no key is as old as its retention',
  '2 (start-counted)': 'no call kills its server',
  '2 (poisoned)': 'no call kills its server',
  '3 (lease-minute)': 'no lease ends',
  '4 (ledger-differs)': 'there is one ledger',
  '4 (socket-full)': 'economy, not safety',
  '4 (budget)': 'economy, not safety',
  '4 (tombstone)': 'a copy that is late enough is rare',
}
/** Enough for every other. */
const seedsMax = 400

/** The first seed that misses the rule, and what it says. */
async function missedBy(rule: Rule, folder: string): Promise<string | undefined> {
  const file = join(folder, `without-${rule.file.replaceAll('/', '-')}-${rule.begin}.mjs`)
  await bundleWithout(rule, 'sim/simulation.ts', file)
  const { simulateOnce: play } = (await import(pathToFileURL(file).href)) as { simulateOnce: typeof simulateOnce }
  for (let seed = 1; seed <= seedsMax; seed++) {
    try {
      const { violations } = await play({ ...world, seed })
      if (violations.length > 0) return `seed ${seed}: ${violations[0]}`
    } catch (error) {
      // Without the rule the code does not even hold together.
      return `seed ${seed}: ${String(error)}`
    }
  }
  return undefined
}

describe('a rule that is taken out', () => {
  const all = rules()
  test('every rule is marked once', () => {
    const names = all.map(({ file, name }) => `${file} ${name}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(30)
    const known = new Set(all.map(({ name }) => name))
    expect(Object.keys(notMissed).filter((name) => !known.has(name))).toEqual([])
  })

  for (const rule of all.filter(({ name }) => !(name in notMissed))) {
    test(`${rule.name} of ${rule.file} is missed`, { timeout: 60_000 }, async () => {
      const folder = await temporaryFolder()
      const found = await missedBy(rule, folder)
      console.log(`without ${rule.name}: ${found ?? 'nothing'}`)
      expect(found).toBeDefined()
      await rm(folder, { recursive: true })
    })
  }
})
