/**
 * Random histories of statements in several connections: the ledger's own, of few sessions, numbers, keys and locks, so that
 * they meet.
 */
import type { Statement } from '../../src/ledger/postgres-pool.ts'
import { seededRandom } from '../../src/std/prng.ts'

export interface Step {
  readonly connection: number
  /** undefined: the connection ends, as when its process is killed. */
  readonly statement:
    (Pick<Statement, 'text'> & { readonly name?: string; readonly values: readonly unknown[] }) | undefined
}

/** What the generator must know of a connection. */
export interface ConnectionState {
  isOpen: boolean
  /** Of the transaction: it asks for locks of calls, or for a session alone; never for one lock in two modes. */
  isAlone: boolean
  hasSavepoint: boolean
  hasLockTimeout: boolean
}

export const lockTimeoutMs = 40
/** Not part of any history: what they answer is the server's own, or the same always. */
export const asideFrom: ReadonlySet<string> = new Set(['oncewire_durability', 'oncewire_known', 'oncewire_keep_alive'])

export class Histories {
  private readonly random: () => number
  private readonly statements: ReadonlyMap<string, Statement>
  private expiries = 0

  constructor(seed: number, statements: ReadonlyMap<string, Statement>) {
    this.random = seededRandom(seed)
    this.statements = statements
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }

  next(connection: number, state: ConnectionState): Step {
    const at = this.random()
    if (at < 0.02) return { connection, statement: undefined }
    if (!state.isOpen && at < 0.8) return this.command(connection, 'BEGIN ISOLATION LEVEL READ COMMITTED')
    if (state.isOpen && at < 0.14) return this.command(connection, this.pick(['COMMIT', 'COMMIT', 'ROLLBACK']))
    if (state.isOpen && at < 0.2)
      return this.command(
        connection,
        state.hasSavepoint ? 'ROLLBACK TO SAVEPOINT oncewire_call' : 'SAVEPOINT oncewire_call',
      )
    if (at < 0.3) return { connection, statement: this.ofUser() }
    const all = [...this.statements.values()].filter(({ name }) => !asideFrom.has(name) && mayAsk(name, state))
    const statement = this.pick(all)
    return { connection, statement: { ...statement, values: this.valuesOf(statement.name) } }
  }

  /** Something to meet about. */
  prologue(): Step[] {
    const made = ['oncewire_insert_session', 'oncewire_put_server', 'oncewire_insert_intent', 'oncewire_insert_record']
    return made.flatMap((name) =>
      [1, 2, 3].map((n) => {
        const [, ...values] = this.valuesOf(name)
        const key = name === 'oncewire_insert_record' ? n : name === 'oncewire_put_server' ? 'one' : `s${n}`
        return { connection: 1, statement: { ...(this.statements.get(name) as Statement), values: [key, ...values] } }
      }),
    )
  }

  command(connection: number, text: string): Step {
    return { connection, statement: { text, values: [] } }
  }

  private ofUser(): NonNullable<Step['statement']> {
    const cents = [this.pick([0, 1, 2]), this.pick([-3, 5])]
    return this.random() < 0.7
      ? { text: 'UPDATE account SET cents = cents + $2 WHERE name = $1', values: cents }
      : { text: 'INSERT INTO effect VALUES ($1)', values: [this.pick(['a', 'b'])] }
  }

  private valuesOf(name: string): unknown[] {
    const { pick } = this
    const p = pick.bind(this)
    const sid = (): number => p([1, 2, 3])
    const id = (): string => p(['s1', 's2', 's3'])
    const number = (): number => p([1, 2, 3, 4])
    const server = (): string => p(['one', 'two'])
    const object = (): string => p(['o1', 'o2'])
    const key = (): unknown[] => [p(['p', 'q']), 'T.t', p(['k1', 'k2'])]
    const bytes = (): Uint8Array => Uint8Array.of(p([1, 2]))
    const outcome = (): unknown[] =>
      p([
        ['reply', bytes(), null, null, null],
        ['failure', null, 'internal-error', 'never', 'message'],
      ])
    const leaseMs = (): number => p([1e9, 1e9, -1000])
    const lock = (from: number): bigint | null => p([null, BigInt(from), BigInt(from + 1)])
    // Distinct, so that the order of two never is the database's own choice.
    const expiresMs = (): number => (this.random() < 0.5 ? 9e15 : ++this.expiries)
    const byName: Readonly<Record<string, () => unknown[]>> = {
      oncewire_insert_session: () => [id(), p(['p', 'q']), p([1, 2]), p(['i', 'j']), leaseMs()],
      oncewire_update_session: () => [sid(), p([2, 3]), p(['i', 'j']), leaseMs()],
      oncewire_raise_session: () => [sid(), number()],
      oncewire_prune_records: () => [sid(), number()],
      oncewire_prune_starts: () => [sid(), number()],
      oncewire_delete_records: () => [[sid(), sid()]],
      oncewire_delete_starts: () => [[sid()]],
      oncewire_delete_sessions: () => [[sid()]],
      oncewire_select_ended: () => [8],
      oncewire_select_over: () => [[1, 2, 3]],
      oncewire_try_lock: () => [BigInt(p([21, 22]))],
      oncewire_lock: () => [BigInt(p([21, 22]))],
      oncewire_lock_call: () => [lock(11), lock(21), lock(31), lock(41)],
      oncewire_try_name: () => [BigInt(p([51, 52]))],
      oncewire_touch: () => [sid()],
      oncewire_touch_always: () => [p([1, 2, 3, null])],
      oncewire_select: () => [p([id(), null]), number(), p([0, 1, 3]), ...p([key(), [null, null, null]])],
      oncewire_select_session: () => [id()],
      oncewire_insert_record: () => [sid(), number(), ...outcome(), p([bytes(), null]), 7],
      oncewire_update_record: () => [sid(), number(), ...outcome(), 9],
      oncewire_upsert_key: () => [...key(), ...outcome(), bytes(), expiresMs()],
      oncewire_remove_key: key,
      oncewire_remove_expired_keys: () => [],
      oncewire_kept: () => [p(['p', 'q'])],
      oncewire_dead: () => [sid(), number()],
      oncewire_select_starts: () => [sid(), number()],
      oncewire_add_start: () => [sid(), number()],
      oncewire_uncount_start: () => [sid(), number()],
      oncewire_uncount_of: () => [p([id(), null]), number()],
      oncewire_count_all: () => [],
      oncewire_meta: () => [p(['third', 'other'])],
      oncewire_set_meta: () => [p(['other', 'third']), p(['x', 'y'])],
      oncewire_add_meta: () => [p(['other', 'third']), 'z'],
      oncewire_put_server: () => [server(), p(['x', 'y'])],
      oncewire_select_server: () => [server()],
      oncewire_newest_intent: () => [object()],
      oncewire_last_intent: () => [],
      oncewire_insert_intent: () => {
        const identity = [p([id(), null]), number(), 'p', 'T.t', p([object(), null]), p(['k1', null])]
        return [...identity, server(), 'x', bytes(), bytes()]
      },
      oncewire_select_intent: () => [number()],
      oncewire_select_intents: () => [],
      oncewire_over_intent: () => [number()],
      oncewire_unknown_intent: () => [number()],
      oncewire_forget_intents: () => [p([1, 2, 6])],
    }
    const values = byName[name]
    if (values === undefined) throw new Error(`histories.ts has no values for the statement ${name}`)
    return values()
  }
}

/** Outside of a transaction a lock would be gone at once. */
function mayAsk(name: string, { isOpen, isAlone }: ConnectionState): boolean {
  if (name === 'oncewire_lock_call') return isOpen && !isAlone
  if (name === 'oncewire_lock' || name === 'oncewire_try_lock') return isOpen && isAlone
  return true
}
