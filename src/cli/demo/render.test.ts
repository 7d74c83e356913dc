/**
 * Goal: a newcomer sees at a glance what each cell says, on a terminal of 100 columns. Method: cells and timelines made by hand.
 */
import { describe, expect, test } from 'vitest'
import { draw } from './drawing.ts'
import { judge } from './judge.ts'
import { type CallResult, type Cell, deliveries, type Delivery, failureNames, toldWords } from './matrix.ts'
import { renderCell, renderMatrix } from './render.ts'
import { Timeline } from './timeline.ts'

const plain = (text: string): string => text
const cellOf = (delivery: Delivery, ...results: CallResult[]): Cell => judge('reply-lost', delivery, results)
const shown = (delivery: Delivery, ...results: CallResult[]): string =>
  renderCell(cellOf(delivery, ...results), plain).trim()

describe('a cell', () => {
  test('says how often and what was told', () => {
    expect(shown('exactly-once', { effects: 1, told: 'ok' })).toBe('1x  ok')
    expect(shown('at-least-once', { effects: 2, told: 'ok' }, { effects: 10, told: 'ok' })).toBe('2-10x! ok')
    expect(shown('at-most-once', { effects: 0, told: 'unknown' }, { effects: 1, told: 'unknown' })).toBe(
      '0-1x  unknown',
    )
  })

  test('cries when a promise was broken, or a client told a lie', () => {
    expect(shown('exactly-once', { effects: 0, told: 'unknown' })).toBe('0x  unknown BROKEN')
    expect(shown('at-most-once', { effects: 2, told: 'ok' })).toBe('2x! ok LIE')
  })
})

test('the matrix: a line a failure, none over 100 columns, and what is broken is counted', () => {
  const results = toldWords.map((told, effects) => ({ told, effects }))
  const cells = failureNames.flatMap((failure) => deliveries.map((delivery) => judge(failure, delivery, results)))
  const text = renderMatrix(cells, plain)
  for (const failure of failureNames) expect(text).toMatch(new RegExp(`^${failure} +│`, 'm'))
  for (const line of renderMatrix([cellOf('at-most-once', { effects: 1, told: 'nothing' })], plain).split('\n'))
    expect(line.length).toBeLessThanOrEqual(100)
  expect(text).toContain('36 of 36 cells broke their promise or lied.')
  expect(text).not.toContain('every promise kept')
})

describe('the drawing', () => {
  const lost = new Timeline()
  lost.mark('client', 'is told: ok', 40_000_000n)
  lost.add({ kind: 'frame', frame: { kind: 'other' }, fate: 'delivered' }, 1_000_000n)
  lost.add({ kind: 'frame', frame: { kind: 'call', attempt: 1 }, fate: 'delivered' }, 2_000_000n)
  lost.add({ kind: 'frame', frame: { kind: 'reply', isReplay: false }, fate: 'lost' }, 6_000_000n)
  lost.add({ kind: 'ran' }, 4_000_000n) // told late, happened before
  lost.add({ kind: 'frame', frame: { kind: 'call', attempt: 2 }, fate: 'delivered' }, 30_000_000n)
  lost.add({ kind: 'frame', frame: { kind: 'reply', isReplay: true }, fate: 'delivered' }, 35_000_000n)

  test('shows each step in the order of the clock, from the first call on', () => {
    expect(draw(lost, 'exactly-once', plain)).toEqual([
      '          client                   link                     server',
      '          │                        │                        │',
      '    0 ms  │──────── CALL ─────────▶│───────────────────────▶│',
      '    2 ms  │                        │                        █ the handler runs: $10 are taken',
      '    4 ms  │       lost ✗ ──────────│◀──────── REPLY ────────│',
      '   28 ms  │─── CALL, attempt 2 ───▶│───────────────────────▶│',
      '   33 ms  │◀───────────────────────│◀──────── REPLY ────────│ answers from its ledger, does not run',
      '   38 ms  ◆ is told: ok',
      '          │                        │                        │',
    ])
  })

  test('has a shape for everything that a link or a parent may see, within 100 columns', () => {
    const all = new Timeline()
    for (const fate of ['delivered', 'lost', 'twice'] as const) {
      all.add({ kind: 'frame', frame: { kind: 'call', attempt: 65_535 }, fate })
      all.add({ kind: 'frame', frame: { kind: 'reply', isReplay: true }, fate })
    }
    all.add({ kind: 'late' })
    all.add({ kind: 'frame', frame: { kind: 'refused', code: 'idempotency-key-too-long' }, fate: 'delivered' })
    all.add({ kind: 'frame', frame: { kind: 'ack' }, fate: 'delivered' })
    all.mark('server', 'started again on its file')
    const lines = draw(all, 'at-most-once', plain)
    expect(lines).toHaveLength(3 + 10)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
  })
})

test('who waits on a timeline goes on as soon as it is so, and not before', async () => {
  const timeline = new Timeline()
  const isRun = (): boolean => timeline.count(({ kind }) => kind === 'ran') >= 2
  let isOn = false
  const waiting = timeline.until(isRun).then(() => (isOn = true))
  timeline.add({ kind: 'ran' })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isOn).toBe(false)
  timeline.add({ kind: 'ran' })
  await waiting
  await timeline.until(isRun)
})
