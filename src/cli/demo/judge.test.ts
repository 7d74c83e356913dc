/**
 * Goal: the judge finds every lie and every broken promise. Method: all pairs of effects and told, for each delivery.
 */
import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'
import { deliveries, type Delivery, failureNames, type Told, toldWords } from './matrix.ts'

const verdict = (delivery: Delivery, effects: number, told: Told): string => {
  const { honest, kept } = judge('reply-lost', delivery, [{ effects, told }])
  return `${honest ? 'honest' : 'LIE'} ${kept ? 'kept' : 'BROKEN'}`
}

describe('one call', () => {
  test('told ok without an effect is a lie everywhere', () => {
    for (const delivery of deliveries) expect(verdict(delivery, 0, 'ok')).toContain('LIE')
  })

  test('told never with an effect is a lie everywhere', () => {
    for (const delivery of deliveries) for (const n of [1, 2]) expect(verdict(delivery, n, 'never')).toContain('LIE')
  })

  test('told ok or once, and it ran twice', () => {
    expect(verdict('at-least-once', 2, 'ok')).toBe('honest kept')
    for (const told of ['ok', 'once'] as const) {
      expect(verdict('at-most-once', 2, told)).toBe('LIE BROKEN')
      expect(verdict('exactly-once', 2, told)).toBe('LIE BROKEN')
    }
  })

  test('exactly-once is kept by one effect that was told, and by nothing else', () => {
    for (const told of toldWords) {
      for (const effects of [0, 1, 2]) {
        expect(verdict('exactly-once', effects, told).endsWith('kept')).toBe(effects === 1 && told === 'ok')
      }
    }
  })

  test('at-least-once is broken by an ok without an effect, and by nothing else', () => {
    for (const told of toldWords) {
      for (const effects of [0, 1, 2, 3]) {
        expect(verdict('at-least-once', effects, told).endsWith('kept')).toBe(told !== 'ok' || effects > 0)
      }
    }
  })

  test('half a debit, and money from nowhere, break every promise', () => {
    for (const delivery of deliveries) {
      for (const effects of [0.5, -1])
        for (const told of toldWords) expect(verdict(delivery, effects, told)).toContain('BROKEN')
    }
  })

  test('at-most-once may leave everybody in doubt, but never runs twice', () => {
    for (const told of ['unknown', 'nothing'] as const) {
      expect(verdict('at-most-once', 0, told)).toBe('honest kept')
      expect(verdict('at-most-once', 1, told)).toBe('honest kept')
      expect(verdict('at-most-once', 2, told)).toContain('BROKEN')
    }
    expect(verdict('at-most-once', 0, 'ok')).toBe('LIE BROKEN')
  })
})

describe('a cell', () => {
  test('one bad call spoils it', () => {
    const good = { effects: 1, told: 'ok' } as const
    expect(judge('none', 'exactly-once', [good, good, { effects: 0, told: 'unknown' }])).toMatchObject({
      kept: false,
      honest: true,
    })
    expect(judge('none', 'exactly-once', []).kept).toBe(false)
  })

  test('a user who repeats by hand gets two, unless a key says that it is one', () => {
    const twice = [{ effects: 2, told: 'ok' }] as const
    expect(judge('second-client', 'at-most-once', twice)).toMatchObject({ kept: true, honest: true })
    const thrice = [{ effects: 3, told: 'ok' }] as const
    expect(judge('second-client', 'at-most-once', thrice)).toMatchObject({ kept: false, honest: false })
    expect(judge('second-client', 'exactly-once', twice)).toMatchObject({ kept: false, honest: false })
  })

  test('effects and told each add up to the calls', () => {
    for (const failure of failureNames) {
      const cell = judge(failure, 'at-least-once', [
        { effects: 3, told: 'ok' },
        { effects: 0, told: 'nothing' },
      ])
      const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)
      expect(sum(cell.effects)).toBe(2)
      expect(sum(cell.told)).toBe(2)
    }
  })
})
