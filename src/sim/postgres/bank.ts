/**
 * The simulated bank on the simulated PostgreSQL: its SQL, what that means, and its handlers.
 */
import type { PostgresTx } from '../../ledger/postgres.ts'
import { accounts } from '../workload.ts'
import type { Database } from './database.ts'
import type { Meaning } from './execution.ts'
import { write } from './meaning.ts'

export const bankSchema: string = `CREATE TABLE IF NOT EXISTS account (name int PRIMARY KEY, cents bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS effect (tag text NOT NULL);
  INSERT INTO account SELECT n, 0 FROM generate_series(0, ${accounts - 1}) n ON CONFLICT DO NOTHING`
const addCents = 'UPDATE account SET cents = cents + $2 WHERE name = $1'
const addEffect = 'INSERT INTO effect VALUES ($1)'

export function bankStatements(): Map<string, Meaning> {
  let effects = 0
  return new Map([
    [
      bankSchema,
      write(function* (s) {
        for (let name = 0; name < accounts; name++)
          yield* s.insert(s.database.table('account'), { name, cents: 0 }, [name], null)
      }),
    ],
    [
      addCents,
      write((s) =>
        s.update(
          s.database.table('account'),
          ({ name }) => name === s.number(1),
          (row) => ({ ...row, cents: Number(row['cents']) + s.number(2) }),
        ),
      ),
    ],
    [addEffect, write((s) => s.insert(s.database.table('effect'), { tag: s.text(1) }, [++effects]))],
  ])
}

interface Transacting {
  readonly tx: PostgresTx
}

export const bankHandlers = {
  async move(from: number, to: number, cents: number, tag: string, { tx }: Transacting): Promise<string> {
    await tx.query(addEffect, [tag])
    // In the order in which they are named: some of these deadlock, and begin again.
    await tx.query(addCents, [from, -cents])
    await tx.query(addCents, [to, cents])
    return tag
  },
  async fail(tag: string, { tx }: Transacting): Promise<never> {
    await tx.query(addEffect, [tag])
    throw new Error('as it was told to')
  },
}

/** How often a call had its effect. */
export function effectsIn(database: Database, tag: string): number {
  return database.committed('effect').filter((row) => row['tag'] === tag).length
}

/** Of all accounts. */
export function centsIn(database: Database): number {
  return database.committed('account').reduce((sum, { cents }) => sum + Number(cents), 0)
}
