/**
 * Judges a cell by what stands in the database and what the clients' logs say. Knows nothing of how it came about.
 *
 * Invariant: a lie is a lie in every delivery; whether a promise was kept depends on the delivery.
 */
import { type CallResult, type Cell, type Delivery, type Failure, type Told, toldWords } from './matrix.ts'

export function judge(failure: Failure, delivery: Delivery, results: readonly CallResult[]): Cell {
  const effects: Record<string, number> = { '0': 0, '1': 0, '2': 0 }
  const told = Object.fromEntries(toldWords.map((word) => [word, 0])) as Record<Told, number>
  for (const result of results) {
    effects[result.effects] = (effects[result.effects] ?? 0) + 1
    told[result.told]++
  }
  // A user who repeats a call by hand makes two calls; only a key says that they are one.
  const wanted = failure === 'second-client' && delivery !== 'exactly-once' ? 2 : 1
  return {
    failure,
    delivery,
    calls: results.length,
    effects,
    told,
    honest: results.every((result) => isHonest(result, delivery === 'at-least-once' ? Infinity : wanted)),
    kept: results.length > 0 && results.every((result) => isKept(result, delivery, wanted)),
  }
}

/** `most`: how often the effect may stand. */
function isHonest({ told, effects }: CallResult, most: number): boolean {
  switch (told) {
    case 'ok':
      return effects >= 1 && effects <= most
    case 'once':
      return effects <= most
    case 'never':
      return effects === 0
    case 'exception': // This bank throws before it takes anything; at least once, an earlier run may have taken it.
      return effects === 0 || most > 1
    default:
      return true
  }
}

function isKept({ told, effects }: CallResult, delivery: Delivery, wanted: number): boolean {
  // Part of an effect, or money that appeared from nowhere, is no delivery's promise.
  if (!Number.isInteger(effects) || effects < 0) return false
  switch (delivery) {
    case 'at-least-once':
      return told !== 'ok' || effects >= 1
    case 'at-most-once':
      return effects <= wanted && (told !== 'ok' || effects >= 1)
    case 'exactly-once':
      return effects === 1 && told === 'ok'
  }
}
