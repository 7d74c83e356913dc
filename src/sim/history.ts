/**
 * What callers wanted and were told, and what really happened: the invariants of protocol section 7 are asked here.
 *
 * Invariant: nothing of the code under test is believed; effects are counted where they happen.
 */
import type { Executed } from '../errors/codes.ts'
import type { Delivery } from '../once/frame.ts'

/** One thing that a caller wanted done. */
export interface Wanted {
  readonly tag: string
  readonly delivery: Delivery
  /** Called again under one idempotency key until it succeeds (I9). */
  readonly isKeyed: boolean
  /** A step of a resumable run: what it was told is told in each life. */
  readonly isStep: boolean
  /** Its handler fails: an outcome of `never` that is right. */
  readonly fails: boolean
  readonly told: ('ok' | Executed)[]
  /** The code that came with `unknown`. */
  code: string | undefined
  /** What `error.resolved` said in the end. */
  resolved: Executed | undefined
  /** `error.resolved` has not settled. */
  isResolving: boolean
  /** Its process died before it was told anything. */
  isOrphan: boolean
}

/** What a whole world has gone through that excuses an `unknown` (I11). */
export interface Excuses {
  /** At-most-once calls: a server died. */
  readonly serverDied: boolean
  /** At-most-once calls: there are several servers. */
  readonly isFarAway: boolean
  /** A journal was restored or copied, or failed; or a channel's session was lost. */
  readonly journalLost: boolean
}

/** Everything that is wrong, each line begins with the invariant. */
export function violations(
  wanted: readonly Wanted[],
  { effectsOf, excuses }: { readonly effectsOf: (tag: string) => number; readonly excuses: Excuses },
): string[] {
  const wrong: string[] = []
  for (const one of wanted) {
    const effects = effectsOf(one.tag)
    const { told, delivery } = one
    const say = (invariant: string): void => {
      const resolved = one.resolved === undefined ? '' : `, resolved ${one.resolved}`
      wrong.push(`${invariant} ${one.tag}: told ${told.join(', ') || 'nothing'}${resolved}, happened ${effects} times`)
    }
    const isOnce = delivery !== 'at-least-once'
    if (isOnce && effects > 1) say('I1')
    if ((told.includes('ok') || told.includes('once') || one.resolved === 'once') && effects < 1 && !one.fails)
      say('I2')
    if (!one.isKeyed && (told.includes('never') || one.resolved === 'never') && effects > 0 && !told.includes('ok'))
      say('I5')
    if (one.fails && effects > 0) say('I5 (rolled back)')
    if (told.length === 0 && !one.isOrphan) say('I8 (told nothing)')
    if (one.isResolving && !one.isOrphan) say('I8 (never resolved)')
    if (one.isKeyed && effects !== 1) say('I9')
    if (isGratuitous(one, excuses)) say(`I11 (${one.code})`)
  }
  return wrong
}

/** An `unknown` that stays one though nothing happened that it needs. */
function isGratuitous(one: Wanted, { serverDied, journalLost, isFarAway }: Excuses): boolean {
  if (one.isKeyed || one.isOrphan || journalLost) return false
  const last = one.resolved ?? one.told.at(-1)
  if (last !== 'unknown') return false
  if (one.delivery === 'at-least-once') return false
  // Of an at-most-once call the one server that could tell may be out of reach until the deadline.
  return (
    one.delivery === 'exactly-once' ||
    !(serverDied || (isFarAway && (one.code === 'deadline' || one.code === 'cancelled')))
  )
}
