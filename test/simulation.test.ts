/**
 * Goal: in worlds where everything goes wrong that can, no promise is broken (protocol section 7). Method: seeds. That these
 * worlds notice when a rule is missing is removals.test.ts.
 */
import { describe, expect, test } from 'vitest'
import { simulateOnce } from '../src/sim/simulation.ts'

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
