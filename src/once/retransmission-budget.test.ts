/**
 * Goal: retransmissions stay below their share in any ten seconds. Method: the limits, then any mixture of calls and
 * retransmissions, counted again.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RetransmissionBudget } from './retransmission-budget.ts'

test('twenty always, then a tenth of the calls; after ten seconds anew', () => {
  const budget = new RetransmissionBudget()
  const takeAll = (nowMs: number): number => {
    let taken = 0
    while (taken < 1000 && budget.take(nowMs)) taken++
    return taken
  }
  expect(takeAll(500)).toBe(20)
  for (let n = 0; n < 300; n++) budget.begun(900)
  expect(takeAll(900)).toBe(10)
  expect(takeAll(9_999)).toBe(0)
  expect(takeAll(10_000)).toBe(20)
})

test('in any ten seconds at most a tenth of their calls, or twenty', () => {
  const event = fc.record({ afterMs: fc.integer({ min: 0, max: 900 }), calls: fc.integer({ min: 0, max: 30 }) })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const budget = new RetransmissionBudget()
      const calls: number[] = []
      const taken: number[] = []
      let nowMs = 0
      for (const { afterMs, calls: count } of events) {
        nowMs += afterMs
        for (let n = 0; n < count; n++) {
          budget.begun(nowMs)
          calls.push(nowMs)
          if (budget.take(nowMs)) taken.push(nowMs)
        }
        const since = (times: readonly number[]): number =>
          times.filter((ms) => Math.floor(ms / 1000) > Math.floor(nowMs / 1000) - 10).length
        expect(since(taken)).toBeLessThanOrEqual(Math.max(20, since(calls) / 10 + 1))
      }
    }),
  )
})
