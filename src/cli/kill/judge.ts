/**
 * Judges a run of the kill proof by what stands in the database and what was found of the clients. Pure.
 *
 * Invariant: a transfer may be missing from the database only if its client was told `never`, or was killed before its
 * journal held the call; nothing else is forgiven.
 */

export interface Transfer {
  readonly tag: string
  readonly source: string
  readonly target: string
  readonly cents: number
}

/** One life of a client: from its start to its end or to kill -9. */
export interface Life {
  /** Tags, in the order in which they were issued. */
  readonly issued: readonly string[]
  /** What it said of transfers of this life, or of those that its journal brought back. */
  readonly told: readonly { readonly tag: string; readonly how: string }[]
  /** It said that all its calls had settled. */
  readonly isEnded: boolean
  /** Of its unsettled transfers, those that its journal held when it had been killed. */
  readonly journalled: ReadonlySet<string>
}

export interface Evidence {
  readonly lives: readonly Life[]
  readonly effects: readonly Transfer[]
  /** Cents of each account, in the end. */
  readonly balances: ReadonlyMap<string, number>
  readonly startCents: number
  /** Lives whose process ended by itself otherwise than it should, or did not end at all. */
  readonly crashed: number
}

export interface Findings {
  readonly issued: number
  /** Issued by a process that was killed before its journal knew of it: no effect, and nobody to tell. */
  readonly unborn: number
  readonly toldOk: number
  readonly toldNever: number
  readonly effects: number
  /** Transfers that stand more than once. */
  readonly twice: number
  /** Told ok, and not in the database. */
  readonly lost: number
  /** Told never, or never asked for, and in the database all the same. */
  readonly uncalledFor: number
  /** Its promise did not settle, or with a doubt that remained. */
  readonly unsettled: number
  /** Told one thing first and another later. */
  readonly contradicted: number
  /** Cents by which all accounts together differ from what the transfers say. */
  readonly moneyOff: number
  readonly crashed: number
}

export function judgeKills({ lives, effects, balances, startCents, crashed }: Evidence): Findings {
  const times = new Map<string, number>()
  for (const { tag } of effects) times.set(tag, (times.get(tag) ?? 0) + 1)
  const words = new Map<string, Set<string>>()
  for (const { tag, how } of lives.flatMap(({ told }) => told)) words.set(tag, (words.get(tag) ?? new Set()).add(how))
  const isTold = (tag: string, how: string): boolean => words.get(tag)?.has(how) === true
  const isSettled = (tag: string): boolean => isTold(tag, 'ok') || isTold(tag, 'never')
  const isUnborn = (tag: string, life: Life): boolean =>
    !life.isEnded && !words.has(tag) && !life.journalled.has(tag) && !times.has(tag)
  const calls = lives.flatMap((life) => life.issued.map((tag) => ({ tag, isUnborn: isUnborn(tag, life) })))
  const asked = new Set(calls.map(({ tag }) => tag))
  const count = (isIt: (call: { tag: string; isUnborn: boolean }) => boolean): number => calls.filter(isIt).length
  return {
    issued: calls.length,
    unborn: count((call) => call.isUnborn),
    toldOk: count(({ tag }) => isTold(tag, 'ok')),
    toldNever: count(({ tag }) => isTold(tag, 'never')),
    effects: times.size,
    twice: [...times.values()].filter((n) => n > 1).length,
    lost: count(({ tag }) => isTold(tag, 'ok') && !times.has(tag)),
    uncalledFor: [...times.keys()].filter((tag) => !asked.has(tag) || isTold(tag, 'never')).length,
    unsettled: count((call) => !call.isUnborn && !isSettled(call.tag)),
    contradicted: count(({ tag }) => isTold(tag, 'ok') && isTold(tag, 'never')),
    moneyOff: moneyOff(effects, balances, startCents),
    crashed,
  }
}

export function isProved(found: Findings): boolean {
  const { twice, lost, uncalledFor, unsettled, contradicted, moneyOff: off, crashed } = found
  return [twice, lost, uncalledFor, unsettled, contradicted, off, crashed].every((n) => n === 0) && found.effects > 0
}

function moneyOff(effects: readonly Transfer[], balances: ReadonlyMap<string, number>, startCents: number): number {
  const expected = new Map([...balances.keys()].map((name) => [name, startCents]))
  for (const { source, target, cents } of effects) {
    expected.set(source, (expected.get(source) ?? 0) - cents)
    expected.set(target, (expected.get(target) ?? 0) + cents)
  }
  return [...expected].reduce((off, [name, cents]) => off + Math.abs(cents - (balances.get(name) ?? 0)), 0)
}
