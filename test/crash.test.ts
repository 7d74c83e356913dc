/**
 * Goal: wherever in the code either side crashes, every effect and every answer is as promised, and no marked crash point
 * is out of reach. Method: the crash proof in a short form, some points of each kind of attempt; `npm run proof:crash`
 * is the long one.
 */
import { expect, test } from 'vitest'
import { playAll } from './crash/all.ts'
import { isOf, markedPoints } from './crash/points.ts'
import { judge } from './crash/story.ts'

/** What the brief of a crash proof cannot leave out, whatever is renamed. */
const wanted = [
  'client:before-journal-begun',
  'client:before-send-call',
  'client:after-receiving-reply',
  'client:before-settled',
  'client:before-journal-ended',
  'client:before-send-ack',
  'client:before-send-resolve',
  'client:before-step-ended',
  'client:before-recovered',
  'journal:before-write',
  'journal:before-sync',
  'journal:after-sync',
  'server:before-open',
  'server:before-execute',
  'server:before-transact',
  'server:before-resolve',
  'server:before-bye',
  'ledger:before-handler',
  'ledger:before-key',
  'ledger:before-prune',
  'ledger:before-session-end',
  'ledger:before-commit',
  'ledger:after-commit',
  'server:before-send-reply',
  'transport:after-write',
  'external:after-intent',
  'external:before-completion',
  'external:before-reconcile',
  'postgres:before-handler',
  'postgres:before-commit',
  'postgres:commit-sent',
  'postgres:after-commit',
]

test('the points that matter are marked', () => {
  const marked = markedPoints()
  expect(wanted.filter((name) => !marked.some((mark) => isOf(mark, name)))).toEqual([])
  expect(new Set(marked).size).toBe(marked.length)
})

test('the judge finds what a broken promise would leave', () => {
  const good = [...['paid', 'run-1', 'run-2', 'run-3'], ...['noted']]
  const told = [...['paid', 'noted'].map((what) => [what, 'ok'] as const), ['trip', 'run-2-out'] as const]
  expect(judge(good, told)).toEqual([])
  expect(judge([...good, 'paid'], told)).toHaveLength(2) // more than once, and not what was told
  expect(judge([...good, 'noted', 'noted'], told)).not.toEqual([])
  expect(judge(good.slice(1), told)).toHaveLength(1)
  expect(judge(good, told.slice(1))).toHaveLength(1)
  expect(judge(good, [...told, ['paid', 'never']])).not.toEqual([])
  expect(judge(good, [...told.slice(1), ['paid', 'unknown']])).toHaveLength(1)
  expect(judge(good, told.slice(0, 2))).toEqual(['the run did not end'])
  expect(judge(good, [...told.slice(0, 2), ['trip', 'run-2-nothing']])).toHaveLength(1)
})

test('every point on SQLite is reached, and some crashes of each kind leave what was promised', async () => {
  const { cells, missed } = await playAll({ ledger: 'sqlite', share: 0.006, hitsMax: 2, untilMs: Date.now() + 60_000 })
  expect(missed).toEqual([])
  expect(cells.filter(({ wrong }) => wrong.length > 0)).toEqual([])
  expect(cells.length).toBeGreaterThan(3)
}, 120_000)
