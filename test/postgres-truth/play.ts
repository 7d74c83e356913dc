/**
 * Plays one history on both databases, step by step, and finds the first difference: who waits, what is answered, what is
 * there in the end.
 */
import type { Statement } from '../../src/ledger/postgres-pool.ts'
import { type Answered, type Compared, type Real, Simulated } from './databases.ts'
import { type ConnectionState, Histories, lockTimeoutMs, type Step } from './histories.ts'

export interface Played {
  /** undefined: the two are the same. */
  readonly difference: string | undefined
  /** What happened, by name. */
  readonly counts: ReadonlyMap<string, number>
}

interface Side {
  readonly database: Compared
  readonly pending: Map<number, { readonly hasLockTimeout: boolean }>
  /** Since the step: connection, and what it was told. */
  told: string[]
}

const connections = [1, 2, 3]

export async function play(
  seed: number,
  {
    statements,
    real,
    steps,
  }: { readonly statements: ReadonlyMap<string, Statement>; readonly real: Real; readonly steps: number },
): Promise<Played> {
  await real.empty()
  const simulated = new Simulated()
  const histories = new Histories(seed, statements)
  const side = (database: Compared): Side => ({ database, pending: new Map(), told: [] })
  const sides = [side(simulated), side(real)] as const
  const states = new Map(connections.map((connection) => [connection, freshState()]))
  const counts = new Map<string, number>()
  const log: string[] = []
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)

  /** Carries out the step on both; answers how they differ. */
  const both = async (step: Step): Promise<string | undefined> => {
    const state = states.get(step.connection) as ConnectionState
    log.push(`${step.connection}: ${textOf(step)}`)
    for (const one of sides) await begin(one, step, state.hasLockTimeout)
    const waiting: string[] = []
    for (const one of sides) waiting.push((await one.database.settle(one.pending)).toSorted((a, b) => a - b).join())
    const [ours, theirs] = sides.map(({ told }, i) => `${told.toSorted().join('; ')} | waiting: ${waiting[i]}`)
    for (const answer of sides[1].told) count(/: (\w{5})$/.exec(answer)?.[1] ?? 'answered')
    if (waiting[1] !== '') count('waiting')
    log.push(`   ${theirs}`)
    if (ours !== theirs) return `\nsimulated: ${ours}\nreal:      ${theirs}`
    return undefined
  }

  const differently = (difference: string): Played => {
    const story = log.slice(-40).join('\n')
    return { difference: `seed ${seed}: ${difference}\nafter\n${story}`, counts }
  }
  for (const step of histories.prologue()) {
    const difference = await both(step)
    if (difference !== undefined) return differently(difference)
  }
  for (let n = 0; n < steps; n++) {
    const free = connections.filter((connection) => !sides[0].pending.has(connection))
    // All wait: somebody must go.
    const connection = histories.pick(free.length > 0 ? free : connections)
    const state = states.get(connection) as ConnectionState
    const step: Step = free.length === 0 ? { connection, statement: undefined } : histories.next(connection, state)
    for (const one of follow(histories, step, states)) {
      count(one.statement?.name ?? one.statement?.text ?? 'end of a connection')
      const difference = await both(one)
      if (difference !== undefined) return differently(difference)
    }
  }
  for (const connection of connections) {
    const difference = await both({ connection, statement: undefined })
    if (difference !== undefined) return differently(difference)
  }
  const [ours, theirs] = [await simulated.tables(), await real.tables()]
  const at = ours.findIndex((line, i) => line !== theirs[i])
  return at < 0 ? { difference: undefined, counts } : differently(`\nsimulated: ${ours[at]}\nreal:      ${theirs[at]}`)
}

async function begin(side: Side, step: Step, hasLockTimeout: boolean): Promise<void> {
  const { connection } = step
  side.told = []
  if (step.statement === undefined) {
    side.pending.delete(connection)
    return side.database.end(connection)
  }
  const pending = { hasLockTimeout }
  side.pending.set(connection, pending)
  side.database.send(step, (answer: Answered) => {
    // The connection was ended meanwhile.
    if (side.pending.get(connection) !== pending) return
    side.pending.delete(connection)
    side.told.push(`${connection}: ${typeof answer === 'string' ? answer : `[${answer.join()}]`}`)
  })
}

/** The step, and what always goes with it; keeps the connection's state. */
function follow(histories: Histories, step: Step, states: Map<number, ConnectionState>): Step[] {
  const { connection, statement } = step
  const state = states.get(connection) as ConnectionState
  const text = statement?.text ?? ''
  if (text.startsWith('BEGIN')) {
    const isAlone = histories.pick([true, false])
    const hasLockTimeout = histories.pick([true, false, false])
    states.set(connection, { isOpen: true, isAlone, hasSavepoint: false, hasLockTimeout })
    return hasLockTimeout ? [step, histories.command(connection, `SET LOCAL lock_timeout = ${lockTimeoutMs}`)] : [step]
  }
  if (statement === undefined || text === 'COMMIT' || text === 'ROLLBACK') states.set(connection, freshState())
  else if (text.startsWith('SAVEPOINT')) state.hasSavepoint = true
  return [step]
}

function freshState(): ConnectionState {
  return { isOpen: false, isAlone: false, hasSavepoint: false, hasLockTimeout: false }
}

function textOf({ statement }: Step): string {
  if (statement === undefined) return 'ends'
  const values = statement.values.map((value) => (value instanceof Uint8Array ? `x${value.join()}` : String(value)))
  return `${statement.name ?? statement.text} ${values.join(', ')}`
}
