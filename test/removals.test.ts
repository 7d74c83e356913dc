/**
 * Goal: a rule of the protocol that is taken out of the code is noticed by some simulated world; a simulator that cannot fail
 * proves nothing. Method: a bundle of the same code without that statement. `npm run proof:rules` does so with every rule;
 * here it is those that are noticed soonest.
 */
import { describe, expect, test } from 'vitest'
import { readProof } from '../src/cli/proof-file.ts'
import { rules } from './removals/rules.ts'
import { keyOf, noticedBy, onAllCores } from './removals/search.ts'
import { covered, marked } from './removals/table.ts'
import { proofFile } from './support/proof.ts'

const all = rules()
/** How many are taken out here. */
const share = 12

describe('the rules', () => {
  test('are those of the list', () => {
    expect(all.map(keyOf).toSorted()).toEqual(marked.toSorted())
    expect(new Set(marked).size).toBe(marked.length)
    expect(Object.keys(covered).filter((key) => !marked.includes(key))).toEqual([])
  })

  test('with all of them no world goes wrong', { timeout: 60_000 }, async () => {
    expect(await noticedBy(undefined, { seeds: 200 })).toBeUndefined()
  })

  test(`${share} of them are noticed`, { timeout: 120_000 }, async () => {
    const took = readProof(proofFile)['rules']?.last?.['seedThatCaughtIt'] ?? {}
    const seedOf = (key: string): number => Number((took as Readonly<Record<string, number>>)[key] ?? 1_000)
    const soonest = all
      .filter((rule) => covered[keyOf(rule)] === undefined)
      .toSorted((one, other) => seedOf(keyOf(one)) - seedOf(keyOf(other)))
      .slice(0, share)
    const unnoticed: string[] = []
    await onAllCores(soonest, async (rule) => {
      const found = await noticedBy(rule, { seeds: 2_000 })
      console.log(`without ${keyOf(rule)}: ${found === undefined ? 'nothing' : `seed ${found.seed}: ${found.what}`}`)
      if (found === undefined) unnoticed.push(keyOf(rule))
    })
    expect(unnoticed).toEqual([])
  })
})
