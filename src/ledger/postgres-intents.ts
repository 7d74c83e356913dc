/**
 * External effects on PostgreSQL: look, intend, complete, and who lives under which name (protocol section 2).
 *
 * Invariant: of one object's effects at most one is open, and a completion is written only over an open intent (H5).
 */
import { admit, keyKeeps } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import { keyExpiryMs } from '../once/idempotency-key.ts'
import {
  type Intent,
  type IntentLedger,
  isBusy,
  isOvertaken,
  mayComplete,
  type NewestIntent,
  type NewIntent,
} from '../once/intent.ts'
import type { Asked, LedgerCall } from '../once/ledger.ts'
import { type Answer, type Remembered, running } from '../once/outcome.ts'
import { isCounted } from '../once/poison.ts'
import type { Calls, CallsOptions } from './postgres-calls.ts'
import type { Row } from './postgres-pool.ts'
import { dateMs, deleteKey, putKey, readRows, type ReadRows, replaceRecord, stored, told } from './postgres-rows.ts'
import { failed, type Transaction } from './postgres-transactions.ts'

type Given<F extends keyof IntentLedger> = Awaited<ReturnType<IntentLedger[F]>>
type Completion = Exclude<Remembered, { kind: 'running' }>

/** Intents that are over and still known, so that an older evidence is found out. */
const overMax = 1000
/** A key is not forgotten while its effect is open. */
const never = Number.MAX_SAFE_INTEGER
const completeTriesMs = 60_000

interface StoredIntent extends Omit<Intent, 'state'> {
  readonly state: Intent['state'] | 'over'
}

export class Intents {
  private readonly calls: Calls
  private readonly options: CallsOptions

  constructor(calls: Calls, options: CallsOptions) {
    this.calls = calls
    this.options = options
  }

  look(call: LedgerCall): Promise<Given<'look'>> {
    return this.calls.inTurn(call, () =>
      this.calls.run(call, admit, async (tx, { rows, verdict }): Promise<Given<'look'>> => {
        if (verdict.kind !== 'execute') return this.calls.known(tx, call, { verdict, rows })
        if (isBusy(await newestOn(tx, call))) return { kind: 'busy' }
        const seen = await lastIntent(tx)
        const answer = isCounted(call) ? await this.calls.countedStart(tx, call, rows) : undefined
        return answer ?? { kind: 'admitted', seen }
      }),
    )
  }

  intend(call: LedgerCall, intent: NewIntent): Promise<Given<'intend'>> {
    let written: number | undefined
    const intended = this.calls.inTurn(call, () =>
      this.calls.run(call, admit, async (tx, { rows, verdict }): Promise<Given<'intend'>> => {
        // Rule 2 (intent-stands): the answer to its COMMIT was lost; nobody but us has begun the effect, and we have not.
        if (written !== undefined && (await readIntent(tx, written))?.state === 'open')
          return { kind: 'intended', intent: written }
        if (verdict.kind !== 'execute') return this.calls.known(tx, call, { verdict, rows })
        const newest = await newestOn(tx, call)
        // What came between may be forgotten by now.
        const isForgotten = call.object !== undefined && (await lastIntent(tx)) - intent.seen >= overMax
        if (isForgotten || isBusy(newest) || isOvertaken(newest, intent.seen)) return { kind: 'overtaken' }
        // Rule 2 (name-held)
        await checkServer(tx, intent)
        // Crash point postgres:before-intent
        const id = await addIntent(tx, call, intent)
        written = id
        const bytes = intent.arguments.length + intent.evidence.length
        this.calls.addRecord(tx, call, { rows, outcome: running, fingerprint: call.fingerprint, bytes })
        const { idempotency, principal } = call
        // Rule 2 (intent-carries-key): others with it are told to come back.
        if (idempotency !== undefined) putKey(tx, { principal, idempotency }, { outcome: running, expiresMs: never })
        tx.send(forgetIntents, [id - overMax])
        await tx.commit()
        return { kind: 'intended', intent: id }
      }),
    )
    return isCounted(call) ? intended.finally(() => this.calls.uncountLater(call)) : intended
  }

  complete(id: number, outcome: Completion, settles: boolean): Promise<Answer> {
    const { transactions, nowMs } = this.options
    const options = { untilMs: nowMs() + completeTriesMs, mayFollowCommit: true }
    return transactions.run((tx) => this.completeIn(tx, { id, outcome, settles }), options)
  }

  private async completeIn(
    tx: Transaction,
    { id, outcome, settles }: { readonly id: number; readonly outcome: Completion; readonly settles: boolean },
  ): Promise<Answer> {
    const named = await readIntent(tx, id)
    if (named === undefined) return effectUnknown
    // What it names never changes; what it is now is read again under the locks.
    const rows = await readRows(tx, this.options.locks, askedOf(named))
    const intent = await readIntent(tx, id)
    if (intent === undefined) return effectUnknown
    // Rule 2 (over-open): a completion is written only over an open intent.
    if (!mayComplete(intent.state, settles)) return recorded(rows)
    if (rows.sid !== undefined) replaceRecord(tx, { sid: rows.sid, number: intent.number }, outcome)
    if (rows.session !== undefined) this.options.quotas.freed(rows.session.principal)
    tx.send(outcome.kind === 'unknown' ? unknownIntent : overIntent, [id])
    if (outcome.kind === 'unknown' || rows.sid !== undefined) tx.send(touchAlways, [rows.sid ?? null])
    this.endKey(tx, { intent, rows }, outcome)
    await tx.commit()
    return outcome.kind === 'unknown' ? effectUnknown : { kind: 'outcome', outcome, isReplay: false }
  }

  private endKey(
    tx: Transaction,
    { intent, rows }: { readonly intent: StoredIntent; readonly rows: ReadRows },
    outcome: Completion,
  ): void {
    const { principal, method, idempotencyKey: key } = intent
    if (key === undefined || rows.key === undefined) return
    const idempotency = { method, key, fingerprint: rows.key.fingerprint }
    if (outcome.kind === 'unknown') putKey(tx, { principal, idempotency }, { outcome, expiresMs: never })
    else if (!keyKeeps(outcome)) deleteKey(tx, { principal, method, key })
    else {
      const expiresMs = keyExpiryMs(key, rows.dateMs, this.options.limits.keyRetentionMs)
      putKey(tx, { principal, idempotency }, { outcome, expiresMs })
    }
  }

  /** Those that are not over, the oldest first. */
  async open(tx: Pick<Transaction, 'query'>): Promise<readonly Intent[]> {
    return (await tx.query(selectIntents)).map((row) => intentOf(row) as Intent)
  }
}

/** The locks of the call that an intent belongs to. */
function askedOf({ session, number, principal, method, idempotencyKey: key }: StoredIntent): Asked {
  const fingerprint = undefined
  const idempotency = key === undefined ? undefined : { method, key, fingerprint: new Uint8Array() }
  return { session, number, epoch: 0, firstUnacked: 0, principal, fingerprint, idempotency }
}

/** What became of an intent that somebody else ended. */
function recorded({ record, key }: ReadRows): Answer {
  const outcome = record?.outcome ?? key?.outcome
  if (outcome === undefined || outcome.kind === 'unknown' || outcome.kind === 'running') return effectUnknown
  return { kind: 'outcome', outcome, isReplay: true }
}

async function newestOn(tx: Transaction, { object }: LedgerCall): Promise<NewestIntent> {
  if (object === undefined) return undefined
  const [row] = await tx.query(selectNewest, [stored(object)])
  return row === undefined ? undefined : { id: Number(row['id']), state: row['state'] as StoredIntent['state'] }
}

/** Not below any intent on an object whose lock is held: numbers are given under it. */
async function lastIntent(tx: Transaction): Promise<number> {
  const [row] = await tx.query(selectLast)
  return Number(row?.['last'])
}

async function addIntent(tx: Transaction, call: LedgerCall, intent: NewIntent): Promise<number> {
  const { session, number, principal, method, object, idempotency } = call
  const identity = [session ?? null, number, stored(principal), method, columnOf(object), columnOf(idempotency?.key)]
  const values = [...identity, stored(intent.name), intent.incarnation, intent.arguments, intent.evidence]
  const [row] = await tx.query(insertIntent, values)
  return Number(row?.['id'])
}

/** A server whose name another has taken since may have been asked about: it begins no effect any more. */
async function checkServer(tx: Transaction, { name, incarnation }: NewIntent): Promise<void> {
  const [row] = await tx.query(selectServer, [stored(name)])
  if (row === undefined || row['incarnation'] === incarnation) return
  throw failed(`another server has taken the name "${name}": this one begins no external effect any more`)
}

async function readIntent(tx: Transaction, id: number): Promise<StoredIntent | undefined> {
  const [row] = await tx.query(selectIntent, [id])
  return row === undefined ? undefined : intentOf(row)
}

function intentOf(row: Row): StoredIntent {
  return {
    id: Number(row['id']),
    state: row['state'] as StoredIntent['state'],
    session: (row['session'] ?? undefined) as SessionId | undefined,
    number: Number(row['number']),
    principal: told(row['principal'] as string),
    method: row['method'] as string,
    idempotencyKey: textOf(row['idempotency_key']),
    name: told(row['server'] as string),
    incarnation: row['incarnation'] as string,
    arguments: row['arguments'] as Uint8Array,
    evidence: row['evidence'] as Uint8Array,
    begunMs: Number(row['begun_ms']),
  }
}

function columnOf(text: string | undefined): string | null {
  return text === undefined ? null : stored(text)
}

function textOf(column: unknown): string | undefined {
  return column === null ? undefined : told(column as string)
}

const effectUnknown: Answer = {
  kind: 'refused',
  code: 'effect-unknown',
  message: 'a crash came while the effect was under way; an operator settles it with `oncewire ledger`',
}

const selectNewest = {
  name: 'oncewire_newest_intent',
  text: 'SELECT id, state FROM oncewire_intent WHERE object = $1 ORDER BY id DESC LIMIT 1',
}
const selectLast = {
  name: 'oncewire_last_intent',
  text: 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM oncewire_intent_id',
}
const insertIntent = {
  name: 'oncewire_insert_intent',
  text: `INSERT INTO oncewire_intent (id, state, session, number, principal, method, object, idempotency_key, server,
      incarnation, arguments, evidence, begun_ms)
    VALUES (nextval('oncewire_intent_id'), 'open', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ${dateMs}) RETURNING id`,
}
const selectIntent = { name: 'oncewire_select_intent', text: 'SELECT * FROM oncewire_intent WHERE id = $1' }
const selectIntents = {
  name: 'oncewire_select_intents',
  text: `SELECT * FROM oncewire_intent WHERE state <> 'over' ORDER BY id`,
}
const overIntent = {
  name: 'oncewire_over_intent',
  text: `UPDATE oncewire_intent SET state = 'over', ended_ms = ${dateMs}, arguments = '', evidence = '' WHERE id = $1`,
}
const unknownIntent = {
  name: 'oncewire_unknown_intent',
  text: `UPDATE oncewire_intent SET state = 'unknown', ended_ms = ${dateMs} WHERE id = $1`,
}
const forgetIntents = {
  name: 'oncewire_forget_intents',
  text: `DELETE FROM oncewire_intent WHERE id IN (SELECT id FROM oncewire_intent WHERE id <= $1 AND state = 'over'
    ORDER BY id LIMIT 4 FOR UPDATE SKIP LOCKED)`,
}
/** The client of an effect that has just ended wants to know of it: its lease begins anew. */
const touchAlways = {
  name: 'oncewire_touch_always',
  text: `UPDATE oncewire_session SET seen_ms = ${dateMs} WHERE sid = $1`,
}
const selectServer = {
  name: 'oncewire_select_server',
  text: 'SELECT incarnation FROM oncewire_server WHERE name = $1 FOR SHARE',
}
