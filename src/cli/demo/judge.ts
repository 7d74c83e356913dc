/**
 * Judges a cell by what stands in the database and what the clients' logs say. Knows nothing of how it came about.
 *
 * Invariant: a lie is a lie in every delivery; whether a promise was kept depends on the delivery.
 */
import { type CallResult, type Cell, type Delivery, type Failure, type Told, toldWords } from './matrix.ts'

export function judge(failure: Failure, delivery: Delivery, results: readonly CallResult[]): Cell {
  const effects: Record<string, number> = {}
  for (const word of ['0', '1', '2']) effects[word] = 0
  const told = Object.fromEntries(toldWords.map((word) => [word, 0])) as Record<Told, number>
  for (const result of results) {
    effects[result.effects] = (effects[result.effects] ?? 0) + 1
    told[result.told]++
  }
  // A user who repeats a call by hand makes two calls; only a key says that they are one.
  const isRepeatedByHand = failure === 'second-client' && delivery !== 'exactly-once'
  return {
    failure,
    delivery,
    calls: results.length,
    effects,
    told,
    honest: results.every((result) => isHonest(result, delivery === 'at-least-once' || isRepeatedByHand)),
    kept: results.length > 0 && results.every((result) => isKept(result, delivery, isRepeatedByHand)),
  }
}

function isHonest({ told, effects }: CallResult, mayRepeat: boolean): boolean {
  switch (told) {
    case 'never':
      return effects === 0
    case 'ok':
      return effects === 1 || (mayRepeat && effects > 1)
    case 'once':
      return effects <= 1 || mayRepeat
    case 'exception': // A declared exception rolls back, or was thrown before anything was done.
      return effects === 0
    default:
      return true
  }
}

function isKept({ told, effects }: CallResult, delivery: Delivery, isRepeatedByHand: boolean): boolean {
  switch (delivery) {
    case 'at-least-once':
      return told !== 'ok' || effects >= 1
    case 'at-most-once':
      return isRepeatedByHand ? effects <= 2 : effects <= 1
    default:
      return effects === 1 && told === 'ok'
  }
}
