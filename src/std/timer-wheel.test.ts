/**
 * Goal: everything comes once, not before its time and at most a tick after it. Method: random items and random waits.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimerWheel } from './timer-wheel.ts'

const tickMs = 8

test('everything comes when it is due, however the clock goes', () => {
  const steps = fc.array(fc.tuple(fc.array(fc.nat(20_000), { maxLength: 4 }), fc.nat(40_000)), { maxLength: 20 })
  fc.assert(
    fc.property(steps, fc.nat(1e9), (given, startMs) => {
      const wheel = new TimerWheel<number>()
      const waiting: number[] = []
      let nowMs = startMs
      for (const [delays, waitMs] of given) {
        for (const delay of delays) {
          wheel.add(nowMs + delay, nowMs + delay, nowMs)
          waiting.push(nowMs + delay)
        }
        nowMs += waitMs
        for (const atMs of wheel.take(nowMs)) {
          expect(atMs).toBeLessThanOrEqual(nowMs)
          waiting.splice(waiting.indexOf(atMs), 1)
        }
        for (const atMs of waiting) expect(atMs).toBeGreaterThan(nowMs - tickMs)
      }
      const inOrder = (times: number[]): number[] => times.sort((a, b) => a - b)
      expect(inOrder(wheel.take(nowMs + 50_000))).toEqual(inOrder(waiting))
    }),
    // Found by chance: nothing was due for so long that the wheel no longer reached what was added.
    {
      examples: [
        [
          [
            [[15209], 118],
            [[], 15094],
            [[17549], 4816],
            [[], 11181],
            [[], 1551],
          ],
          0,
        ],
      ],
    },
  )
})

test('it says when it has something next', () => {
  const wheel = new TimerWheel<string>()
  expect(wheel.nextMs).toBe(Infinity)
  wheel.add('later', 5_000, 1_000)
  wheel.add('sooner', 2_000, 1_000)
  expect(wheel.nextMs).toBe(2_000)
  expect(wheel.take(wheel.nextMs - 1)).toEqual([])
  expect(wheel.take(wheel.nextMs)).toEqual(['sooner'])
  expect(wheel.take(wheel.nextMs)).toEqual(['later'])
  expect(wheel.nextMs).toBe(Infinity)
})

test('what is due beyond its reach comes early, to be added again', () => {
  const wheel = new TimerWheel<string>()
  wheel.add('far', 3_600_000, 0)
  expect(wheel.nextMs).toBeLessThan(40_000)
  expect(wheel.take(wheel.nextMs)).toEqual(['far'])
})
