/**
 * Goal: who does wrong often is told of rarely, and counted. Method: a clock that is told its time.
 */
import { expect, test } from 'vitest'
import { peerLog } from './peer-log.ts'

test('ten lines a second are passed on, the eleventh is counted in the next second', () => {
  const shown: string[] = []
  let nowMs = 500
  const complain = peerLog((message) => shown.push(message), { nowMs: () => nowMs })
  for (let i = 0; i < 10; i++) complain(`line ${i}`, undefined)
  expect(shown).toHaveLength(10)
  for (let i = 0; i < 7; i++) complain('eleventh', undefined)
  expect(shown).toHaveLength(10)
  nowMs = 1000
  complain('later', undefined)
  complain('and later', undefined)
  expect(shown.slice(10)).toEqual(['later (before it 7 more of this kind, not shown)', 'and later'])
})
