/**
 * Judges one world of the chaos run by what its clients wrote down and what really happened. Pure.
 *
 * Invariant: an `unknown` that remains needs an excuse, and a call of which nobody was told anything needs a client that was
 * killed; nothing else is forgiven. Each finding begins with the invariant of the protocol that it breaks.
 */
import type { Entry, Word } from './history.ts'
import { startCents } from './plan.ts'
import type { SessionRow, Stored } from './store.ts'
import type { Effect } from './tape.ts'

/** One life of a client, from its start to its end or to kill -9. */
export interface Life {
  readonly client: string
  readonly entries: readonly Entry[]
}

/** From when to when something was done to a process or the network. */
export interface Blow {
  readonly what: string
  readonly fromMs: number
  readonly toMs: number
}

export interface Evidence {
  readonly lives: readonly Life[]
  readonly stored: Stored
  /** On the tapes. */
  readonly counted: readonly Effect[]
  readonly paid: readonly Effect[]
  /** Kills of servers among them. */
  readonly blows: readonly Blow[]
  /** Several servers, of which one remembers an at-most-once call. */
  readonly servers: number
  /** Calls that a journal still gave back when everything had ended. */
  readonly leftInJournals: number
  /** What the links did, a line each, with the xid of the call that a frame spoke of. */
  readonly linkLog: readonly string[]
  /** Processes that ended by themselves, each in a line. */
  readonly crashes: readonly string[]
}

export interface Finding {
  readonly text: string
  /** Of the call that it speaks of. */
  readonly tag: string | undefined
}

export type Counts = Record<string, number>
export interface Verdict {
  readonly findings: readonly Finding[]
  readonly calls: number
  /** By what they ended in. */
  readonly outcomes: Counts
  readonly effects: number
}

/** What is known of a tag. */
class Case {
  calledMs = 0
  until = ''
  calls = 0
  /** Calls of lives that ended well, and did not end. */
  open = 0
  /** Its client was killed before it was told, or while what it was told was still being resolved. */
  isOrphan = false
  isResolving = false
  readonly told: { readonly word: Word; readonly detail: string; readonly atMs: number; readonly how: string }[] = []

  says(word: Word): boolean {
    return this.told.some((one) => one.word === word)
  }

  /** The last word; a run's and an order's need not be the only one. */
  get last(): Word | undefined {
    return this.told.at(-1)?.word
  }
}

export function judge(evidence: Evidence): Verdict {
  const { cases, outcomes, calls } = casesOf(evidence.lives)
  const effects = effectsByTag(evidence)
  const findings: Finding[] = []
  const say = (text: string, tag?: string): void =>
    void findings.push({ text: tag === undefined ? text : `${text}: ${tag}`, tag })
  for (const [tag, one] of cases) {
    if (tag.startsWith('b:')) {
      if (one.told.length === 0 && !one.isOrphan) say('I8 a read that nobody was told of', tag)
    } else if (tag.startsWith('r:'))
      judgeRun(
        one,
        (part) => effects.get(tag + part) ?? [],
        (text) => say(text, tag),
      )
    else judgeCall({ tag, one, effects: effects.get(tag) ?? [] }, evidence, (text) => say(text, tag))
  }
  for (const tag of effects.keys())
    if (!cases.has(tag.replace(/\/[12]$/, ''))) say('I0 an effect that nobody called', tag)
  judgeWhole(evidence, say)
  const happened = [...effects.values()].reduce((sum, some) => sum + some.length, 0)
  return { findings, calls, outcomes, effects: happened }
}

type Say = (text: string) => void

function judgeCall(
  { tag, one, effects }: { readonly tag: string; readonly one: Case; readonly effects: readonly Effect[] },
  evidence: Evidence,
  say: Say,
): void {
  const kind = tag[0]
  const isRepeatable = kind === 'p'
  const isShared = kind === 'o'
  const happened = effects.length
  if (!isRepeatable && happened > 1) say(`${isShared ? 'I9' : 'I1'} happened ${happened} times`)
  if (one.says('ok') && happened === 0) say('I2 told ok, and it did not happen')
  const isUndone = tag.endsWith('!') || tag.endsWith('?')
  if (one.says('once') && happened === 0 && !isUndone) say('I2 told once, and it did not happen')
  const answers = effects.map(({ answer }) => String(answer))
  for (const { word, detail } of one.told)
    if (word === 'ok' && happened > 0 && !answers.includes(detail))
      say(`I3 told ${detail}, and it was ${answers.join()}`)
  // Whoever shares a key speaks of its own call: what another one did is no lie of the first.
  const isNever = one.says('never') || one.says('exception')
  if (isNever && happened > 0 && !isShared) say(`I5 told never, and it happened`)
  if (one.says('ok') && isNever && !isShared) say('I0 told ok and never')
  if (isUndone && happened > 0) say('I5 its handler threw, and it stands')
  if (isUndone && one.says('ok')) say('I0 its handler threw, and it was told ok')
  const isOpen = one.open > 0
  if (isOpen) say('I8 called, and nobody was told of it')
  const isKept = kind === 't' || kind === 'd'
  const isUnheard = one.isOrphan && (one.last === undefined || one.last === 'unknown')
  if (isKept && isUnheard && happened > 0) say('I8 it happened, and its client never heard of it')
  if (one.last === 'unknown' && !isRepeatable && !isExcused(tag, one, evidence))
    say(`I11 remains unknown (${one.told.at(-1)?.detail})`)
}

/** What may leave a call unknown for ever: of an at-most-once call that its server died, or could not be asked in time. */
function isExcused(tag: string, one: Case, { blows, servers }: Evidence): boolean {
  // Killed before its journal held the call, which was never sent: what is in journals ends, and journals are empty.
  if (one.isOrphan) return true
  if (tag[0] !== 'c') return false
  const toldMs = one.told.at(-1)?.atMs ?? 0
  const isHit = blows.some(({ fromMs, toMs }) => fromMs <= toldMs + 1000 && toMs >= one.calledMs - 1000)
  const isImpatient = one.until !== '-'
  return isHit || (isImpatient && servers > 1)
}

function judgeRun(one: Case, effectsOf: (part: '/1' | '/2') => readonly Effect[], say: Say): void {
  const parts = [effectsOf('/1'), effectsOf('/2')]
  for (const [i, part] of parts.entries())
    if (part.length > 1) say(`I1 step ${i + 1} of a run happened ${part.length} times`)
  const ok = one.told.find(({ word }) => word === 'ok')
  if (ok === undefined) {
    say(
      one.told.length === 0 ? 'I8 a run that never ended' : `I11 a run ended ${one.last} (${one.told.at(-1)?.detail})`,
    )
    return
  }
  const answers = parts.map(([effect]) => String(effect?.answer ?? 'nothing')).join()
  if (ok.detail !== answers) say(`I3 a run was told ${ok.detail}, and it was ${answers}`)
}

function judgeWhole({ stored, leftInJournals, crashes }: Evidence, say: Say): void {
  const expected = new Map([...stored.balances.keys()].map((name) => [name, startCents]))
  for (const { source, target, cents } of stored.transfers) {
    expected.set(source, (expected.get(source) ?? 0) - cents)
    expected.set(target, (expected.get(target) ?? 0) + cents)
  }
  for (const [name, cents] of expected)
    if (stored.balances.get(name) !== cents)
      say(`I10 account ${name} holds ${stored.balances.get(name)}, and its transfers say ${cents}`)
  if (stored.recordsMax > 2 * windowOfSession) say(`I7 ${stored.recordsMax} records of one session`)
  if (stored.openIntents > 0) say(`I8 ${stored.openIntents} external effects are still open`)
  if (leftInJournals > 0) say(`I8 ${leftInJournals} calls are still in journals`)
  for (const crash of crashes) say(`a process ended by itself: ${crash}`)
}

const windowOfSession = 1024

function effectsByTag({ stored, counted, paid }: Evidence): ReadonlyMap<string, readonly Effect[]> {
  const byTag = new Map<string, Effect[]>()
  for (const list of [stored.transfers, counted, paid]) {
    for (const effect of list) {
      const same = byTag.get(effect.tag)
      if (same === undefined) byTag.set(effect.tag, [effect])
      else same.push(effect)
    }
  }
  return byTag
}

function casesOf(lives: readonly Life[]): {
  readonly cases: ReadonlyMap<string, Case>
  readonly outcomes: Counts
  readonly calls: number
} {
  const cases = new Map<string, Case>()
  const outcomes: Counts = {}
  let calls = 0
  for (const { entries } of lives) {
    const isEnded = entries.at(-1)?.kind === 'ended'
    const open = new Map<string, number>()
    for (const entry of entries) {
      if (entry.kind === 'ended') continue
      const { tag, atMs } = entry
      let one = cases.get(tag)
      if (one === undefined) cases.set(tag, (one = new Case()))
      if (entry.kind === 'called') {
        one.calledMs ||= atMs
        one.until = entry.until
        open.set(tag, (open.get(tag) ?? 0) + 1)
        // A run is the two calls that it makes; one that is begun again is the same.
        if (!tag.startsWith('r:')) calls++
        else if (one.calls === 0) calls += 2
        one.calls++
        continue
      }
      const { kind, word, detail } = entry
      one.told.push({ word, detail, atMs, how: kind })
      if (kind === 'told') open.set(tag, (open.get(tag) ?? 0) - 1)
      one.isResolving = kind === 'told' && word === 'unknown' && !isEnded
      const outcome = kind === 'told' ? word : `${kind} ${word}`
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    for (const [tag, n] of open) {
      const one = cases.get(tag) as Case
      if (one.isResolving) one.isOrphan = true
      if (n <= 0) continue
      if (isEnded) one.open += n
      else one.isOrphan = true
      if (!isEnded && !tag.startsWith('r:')) outcomes['client killed'] = (outcomes['client killed'] ?? 0) + n
    }
  }
  return { cases, outcomes, calls }
}

/** Whether a session went back (I12) from what was seen of it before, which is written over. */
export function wentBack(seen: Map<string, SessionRow>, now: readonly SessionRow[]): string[] {
  const wrong: string[] = []
  for (const row of now) {
    const before = seen.get(row.id)
    if (before !== undefined && (row.epoch < before.epoch || row.firstUnacked < before.firstUnacked))
      wrong.push(
        `I12 session ${row.id} went from epoch ${before.epoch}, ${before.firstUnacked} back to ${row.epoch}, ${row.firstUnacked}`,
      )
    seen.set(row.id, row)
  }
  return wrong
}
