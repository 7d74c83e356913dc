/**
 * Goal: the picture of a history shows every call where it was, and the order and the culprit as the checker found them; it
 * is one page that needs nothing else. Method: geometry of any history's picture, and the text of one page.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layOut } from './history-layout.ts'
import { drawHistory } from './history-page.ts'
import { type KeyValueInput, keyValueModel, type KeyValueOutput } from './key-value.ts'
import { type CallOutcome, checkLinearizable, type HistoryCall } from './linearizable.ts'

type Call = HistoryCall<KeyValueInput, KeyValueOutput>
const returned = (atMs: number, value?: string): CallOutcome<KeyValueOutput> => ({
  kind: 'returned',
  atMs,
  output: value === undefined ? {} : { value },
})

const histories: fc.Arbitrary<readonly Call[]> = fc.array(
  fc
    .record({
      client: fc.constantFrom('a', 'b', 'c'),
      method: fc.constantFrom('get' as const, 'put' as const),
      value: fc.constantFrom('1', '2', 'a much longer value'),
      calledMs: fc.nat(30),
      lastsMs: fc.integer({ min: 1, max: 8 }),
      isUnknown: fc.boolean(),
    })
    .map(({ client, method, value, calledMs, lastsMs, isUnknown }): Call => {
      const input: KeyValueInput = method === 'get' ? { method, key: 'x' } : { method, key: 'x', value }
      return { client, input, calledMs, outcome: isUnknown ? { kind: 'unknown' } : returned(calledMs + lastsMs, value) }
    }),
  { minLength: 1, maxLength: 60 },
)

test('bars of one row lie apart, in the order of time; dots lie on the bars of their calls, from left to right', () => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const part of checkLinearizable(history, keyValueModel).parts) {
        const { bars, path, widthPx, heightPx, rows, leftOut } = layOut(part, keyValueModel)
        expect(bars.length + leftOut).toBe(part.calls.length)
        for (const bar of bars) {
          expect(bar.xPx).toBeGreaterThan(0)
          expect(bar.widthPx).toBeGreaterThan(bar.label.length * 7)
          expect(bar.xPx + bar.widthPx).toBeLessThanOrEqual(widthPx)
          expect(rows.map(({ yPx }) => yPx)).toContain(bar.yPx)
          for (const other of bars)
            if (other !== bar && other.yPx === bar.yPx)
              expect(other.xPx + other.widthPx <= bar.xPx || bar.xPx + bar.widthPx <= other.xPx).toBe(true)
        }
        expect(path.map(({ xPx }) => xPx)).toEqual(path.map(({ xPx }) => xPx).toSorted((one, other) => one - other))
        for (const { xPx, yPx } of path) {
          expect(yPx).toBeLessThan(heightPx)
          expect(bars.some((bar) => Math.abs(bar.yPx - yPx) < 16 && bar.xPx < xPx && xPx < bar.xPx + bar.widthPx)).toBe(
            true,
          )
        }
        expect(bars.filter(({ kind }) => kind === 'culprit').length).toBe(part.verdict === 'violated' ? 1 : 0)
      }
    }),
    { numRuns: 300 },
  )
})

test('the page says what cannot be placed and why, and holds what it was given as text alone', () => {
  const history: Call[] = [
    { client: '<b>a</b>', input: { method: 'put', key: 'x', value: '10' }, calledMs: 0, outcome: returned(1) },
    { client: '<b>a</b>', input: { method: 'put', key: 'x', value: '20' }, calledMs: 2, outcome: returned(3) },
    { client: '<b>a</b>', input: { method: 'get', key: 'x' }, calledMs: 4, outcome: returned(5, '10') },
  ]
  const page = drawHistory(checkLinearizable(history, keyValueModel), keyValueModel, { title: 'put & put' })
  expect(page).toContain('put &amp; put <b class="violated">is not linearizable</b>')
  expect(page).toContain('<code>get(x): 10</code> of &lt;b&gt;a&lt;/b&gt; cannot be placed anywhere')
  expect(page).toContain('leaves <code>20</code> there')
  expect(page.match(/class="call culprit"/g)?.length).toBe(1)
  expect(page.match(/class="point"/g)?.length).toBe(2)
  expect(page).not.toMatch(/<script|<b>a|https?:|url\(/)
})
