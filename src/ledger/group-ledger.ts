/**
 * A ledger on one synchronous writer: each call is decided, run and recorded within the transaction of its group.
 *
 * Invariant: rules are decided on rows read inside the transaction that executes (protocol section 2, H1).
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { admit, type Kept, mayEnd, openSession, resolve } from '../once/admission.ts'
import type { SessionId } from '../once/frame.ts'
import type { Intent, IntentLedger, NewIntent, ServerIdentity } from '../once/intent.ts'
import type {
  Asked,
  HandlerEnd,
  HeldRows,
  Ledger,
  LedgerCall,
  LedgerLimits,
  OpenedSession,
  OpenSession,
} from '../once/ledger.ts'
import { type Answer, tombstone } from '../once/outcome.ts'
import { isCounted } from '../once/poison.ts'
import { Decisions } from './decisions.ts'
import { GroupCommit } from './group-commit.ts'
import { IntentTable } from './intent-table.ts'
import type { RowStore } from './row-store.ts'
import { SessionTable } from './session-table.ts'

export interface GroupLedgerOptions extends LedgerLimits {
  readonly id: string
  /** The clock in which deadlines are told, in milliseconds. */
  readonly nowMs: () => number
  /** Calls when what came in this turn of the loop has come; setImmediate if absent. */
  readonly soon?: ((act: () => void) => void) | undefined
}

type Handler<Tx> = (tx: Tx) => HandlerEnd | Promise<HandlerEnd>

export class GroupLedger<Tx> implements Ledger<Tx> {
  readonly id: string
  readonly limits: LedgerLimits
  private readonly store: RowStore<Tx>
  private readonly sessions: SessionTable
  private readonly decisions: Decisions
  private readonly intentTable: IntentTable
  private readonly group: GroupCommit

  constructor(store: RowStore<Tx>, { id, nowMs, soon = setImmediate, ...limits }: GroupLedgerOptions) {
    this.store = store
    this.id = id
    this.limits = limits
    this.sessions = new SessionTable(store, limits)
    this.decisions = new Decisions(store, this.sessions, { ...limits, nowMs })
    this.intentTable = new IntentTable(store, { sessions: this.sessions, decisions: this.decisions, limits })
    this.group = new GroupCommit(
      {
        begin: () => {
          store.begin()
          this.sessions.begin()
        },
        commit: () => {
          this.sessions.write()
          this.decisions.forgetKeys()
          store.commit()
        },
        rollback: () => store.rollback(),
      },
      { nowMs, soon },
    )
  }

  /** A handler runs right now inside the transaction. */
  get isExecuting(): boolean {
    return this.group.isInside
  }

  open(request: OpenSession): Promise<OpenedSession> {
    return this.group.add(() => {
      this.sessions.sweep()
      const { resume, leaseMs } = request
      const held = resume === undefined ? undefined : this.sessions.get(resume)
      const opening = openSession(held, request)
      if (opening.kind === 'refused') return opening
      const { id, row } = opening
      if (opening.kind === 'created') this.sessions.create(id, row, leaseMs)
      else if (held !== undefined) this.sessions.put(id, { ...held, ...row, leaseMs })
      return { kind: 'opened', id, epoch: row.epoch }
    })
  }

  execute(call: LedgerCall, handler: Handler<Tx>): Promise<Answer> {
    const decide = (): Answer => this.decide(call, handler)
    return isCounted(call) ? this.executeCounted(call, decide) : this.group.add(decide)
  }

  resolve(asked: Asked): Promise<Answer> {
    return this.group.add(() => {
      const verdict = resolve(this.decisions.rows(asked), asked, this.limits)
      if (verdict.kind !== 'bury') return this.decisions.known(verdict, asked)
      // Rule 4 (tombstone): without it a call that was told `never` runs when a late copy comes.
      this.sessions.addRecord(asked, tombstone, { fingerprint: undefined })
      return verdict.answer
    })
  }

  acknowledge(request: { session: SessionId; epoch: number; firstUnacked: number; principal: string }): Promise<void> {
    return this.group.add(() => this.sessions.raise(request))
  }

  bye(request: { session: SessionId; epoch: number; highest: number; principal: string }): Promise<void> {
    return this.group.add(() => {
      const row = this.sessions.get(request.session)
      if (row === undefined) return
      if (!mayEnd(row, row.liveRecords, request)) return
      this.sessions.end(request.session, row)
    })
  }

  keptOf(principal: string): Promise<Kept> {
    return this.group.add(() => this.sessions.kept(principal))
  }

  held(): Promise<HeldRows> {
    return this.group.add(() => this.store.held())
  }

  async claim(server: ServerIdentity): Promise<{ release(): Promise<void> }> {
    const unlock = this.store.lockName(server.name)
    if (unlock === undefined) throw nameTaken(server.name)
    try {
      await this.group.add(() => this.store.putServer(server))
    } catch (error) {
      unlock()
      throw error
    }
    return { release: async () => unlock() }
  }

  look(call: LedgerCall): ReturnType<IntentLedger['look']> {
    return this.group.add(() => this.intentTable.look(call))
  }

  intend(call: LedgerCall, intent: NewIntent): ReturnType<IntentLedger['intend']> {
    const intend = (): Awaited<ReturnType<IntentLedger['intend']>> => this.intentTable.intend(call, intent)
    return isCounted(call) ? this.alone(call, intend) : this.group.add(intend)
  }

  complete(
    intent: number,
    outcome: Parameters<IntentLedger['complete']>[1],
    how?: { readonly settles: true },
  ): Promise<Answer> {
    return this.group.add(() => this.intentTable.complete(intent, outcome, how?.settles === true))
  }

  intents(): Promise<readonly Intent[]> {
    return this.group.add(() => this.store.intents())
  }

  async close(): Promise<void> {
    this.group.close()
    this.store.close()
  }

  /** Inside the transaction: the rules, and where they admit, the handler and the record. */
  private decide(call: LedgerCall, handler: Handler<Tx>): Answer {
    const verdict = admit(this.decisions.rows(call), call, this.limits)
    if (verdict.kind !== 'execute') return this.decisions.known(verdict, call)
    this.store.savepoint()
    // Crash point ledger:before-handler
    const { outcome, keepsEffects } = this.runHandler(handler)
    // Crash point ledger:after-handler
    if (!keepsEffects) this.store.rollbackToSavepoint()
    this.store.release()
    // Crash point ledger:before-record
    return this.decisions.record(call, outcome)
  }

  /** Its start is durable before it happens, or a crash would take the count with it (section 2, H14). */
  private async executeCounted(call: LedgerCall, decide: () => Answer): Promise<Answer> {
    const known = await this.group.add(() => {
      const verdict = admit(this.decisions.rows(call), call, this.limits)
      return verdict.kind === 'execute' ? this.decisions.countStart(call) : this.decisions.known(verdict, call)
    })
    return known ?? this.alone(call, decide)
  }

  /** What may be what kills servers shares its transaction with nobody. Any end but a crash takes its start back. */
  private async alone<T>(call: LedgerCall, run: () => T): Promise<T> {
    const uncount = (): void => this.decisions.uncountStart(call)
    const runAndUncount = (): T => {
      const value = run()
      uncount()
      return value
    }
    try {
      return await this.group.add(runAndUncount, { isAlone: true })
    } catch (error) {
      // Rolled back with the rest. A ledger that has stopped will not count either.
      this.group.add(uncount).catch(() => {})
      throw error
    }
  }

  private runHandler(handler: Handler<Tx>): HandlerEnd {
    const open = this.store.openTx()
    try {
      const end = handler(open.tx)
      if (!(end instanceof Promise)) return end
      end.catch(() => {}) // Its effects are rolled back; how it ends no longer matters.
      return failed(
        'the handler of an exactly-once method answered a promise, and a SQLite transaction cannot wait: keep the ledger in PostgreSQL, or do the asynchronous work before the call, in an interceptor',
      )
    } catch (error) {
      return failed(`the handler threw: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      open.end()
    }
  }
}

function failed(message: string): HandlerEnd {
  return { outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message }, keepsEffects: false }
}

function nameTaken(name: string): OncewireError {
  const message = `another living server uses the ledger under the name "${name}": give each createServer({ name }) a name of its own, the same at every start`
  return new OncewireError('server-name-taken', 'never', message)
}
