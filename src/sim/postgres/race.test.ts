/**
 * Goal: copies of calls that reach several servers of one PostgreSQL ledger at once have one effect, and one outcome is told.
 * Method: seeds; every statement is one step.
 */
import { expect, test } from 'vitest'
import { raceOnce } from './race.ts'

test('in 500 races no promise is broken', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 500; seed++) expect(await raceOnce(seed), `seed ${seed}`).toEqual([])
})
