/**
 * External effects inside the transaction: look, intend, complete (protocol section 2).
 *
 * Invariant: of one object's effects at most one is open, and a completion is written only over an open intent (H5).
 */
import { admit, keyKeeps } from '../once/admission.ts'
import {
  type IntentLedger,
  isBusy,
  isOvertaken,
  mayComplete,
  type NewestIntent,
  type NewIntent,
} from '../once/intent.ts'
import type { LedgerCall, LedgerLimits } from '../once/ledger.ts'
import { type Answer, type Remembered, running } from '../once/outcome.ts'
import { isCounted } from '../once/poison.ts'
import type { Decisions } from './decisions.ts'
import type { KeyName, RowStore, StoredIntent } from './row-store.ts'
import type { SessionTable } from './session-table.ts'

type Given<F extends keyof IntentLedger> = Awaited<ReturnType<IntentLedger[F]>>

/** Intents that are over and still known, so that an older evidence is found out. */
const overMax = 1000
/** A key is not forgotten while its effect is open. */
const never = Number.MAX_SAFE_INTEGER

export class IntentTable {
  private readonly store: RowStore<unknown>
  private readonly sessions: SessionTable
  private readonly decisions: Decisions
  private readonly limits: LedgerLimits

  constructor(
    store: RowStore<unknown>,
    { sessions, decisions, limits }: { sessions: SessionTable; decisions: Decisions; limits: LedgerLimits },
  ) {
    this.store = store
    this.sessions = sessions
    this.decisions = decisions
    this.limits = limits
  }

  look(call: LedgerCall): Given<'look'> {
    const verdict = admit(this.decisions.rows(call), call, this.limits)
    if (verdict.kind !== 'execute') return this.decisions.known(verdict, call)
    if (isBusy(this.newestOn(call))) return { kind: 'busy' }
    const answer = isCounted(call) ? this.decisions.countStart(call) : undefined
    return answer ?? { kind: 'admitted', seen: this.store.lastIntent() }
  }

  intend(call: LedgerCall, intent: NewIntent): Given<'intend'> {
    const verdict = admit(this.decisions.rows(call), call, this.limits)
    if (verdict.kind !== 'execute') return this.decisions.known(verdict, call)
    const newest = this.newestOn(call)
    // What came between may be forgotten by now.
    const isForgotten = call.object !== undefined && this.store.lastIntent() - intent.seen >= overMax
    if (isForgotten || isBusy(newest) || isOvertaken(newest, intent.seen)) return { kind: 'overtaken' }
    const { session, number, principal, method, object, idempotency, fingerprint } = call
    const { name, incarnation, evidence, arguments: values } = intent
    const row = { session, number, principal, method, object, idempotencyKey: idempotency?.key, name, incarnation }
    // Crash point ledger:before-intent
    const id = this.store.addIntent({ ...row, state: 'open', arguments: values, evidence })
    this.sessions.addRecord(call, running, { fingerprint, bytes: values.length + evidence.length })
    // Rule 2 (intent-key): the intent carries the key; others with it are told to come back.
    if (idempotency !== undefined)
      this.store.putKey({ principal, ...idempotency }, { ...idempotency, outcome: running }, never)
    this.store.forgetIntents(overMax)
    return { kind: 'intended', intent: id }
  }

  complete(id: number, outcome: Exclude<Remembered, { kind: 'running' }>, settles: boolean): Answer {
    const intent = this.store.intent(id)
    if (intent === undefined) return effectUnknown
    if (!mayComplete(intent.state, settles)) return this.recorded(intent)
    // The record first: while the intent is open its session is there, and begins its lease anew.
    // Crash point ledger:before-completion
    this.sessions.replaceRecord(intent, outcome)
    this.store.endIntent(id, outcome.kind === 'unknown' ? 'unknown' : 'over')
    const key = keyName(intent)
    if (key !== undefined) this.endKey(key, outcome)
    return outcome.kind === 'unknown' ? effectUnknown : { kind: 'outcome', outcome, isReplay: false }
  }

  private endKey(name: KeyName, outcome: Exclude<Remembered, { kind: 'running' }>): void {
    const fingerprint = this.store.key(name)?.fingerprint
    if (fingerprint === undefined) return
    if (outcome.kind === 'unknown') this.store.putKey(name, { outcome, fingerprint }, never)
    else if (keyKeeps(outcome)) this.decisions.keepKey({ ...name, idempotency: { ...name, fingerprint } }, outcome)
    else this.store.deleteKey(name)
  }

  /** What became of an intent that somebody else ended. */
  private recorded(intent: StoredIntent): Answer {
    const { session, number } = intent
    const record =
      session === undefined || this.sessions.get(session) === undefined ? undefined : this.store.record(session, number)
    const key = keyName(intent)
    const outcome = record?.outcome ?? (key === undefined ? undefined : this.store.key(key)?.outcome)
    if (outcome === undefined || outcome.kind === 'unknown' || outcome.kind === 'running') return effectUnknown
    return { kind: 'outcome', outcome, isReplay: true }
  }

  private newestOn({ object }: LedgerCall): NewestIntent {
    return object === undefined ? undefined : this.store.intentOn(object)
  }
}

function keyName({ principal, method, idempotencyKey: key }: StoredIntent): KeyName | undefined {
  return key === undefined ? undefined : { principal, method, key }
}

const effectUnknown: Answer = {
  kind: 'refused',
  code: 'effect-unknown',
  message: 'a crash came while the effect was under way; an operator settles it with `oncewire ledger`',
}
