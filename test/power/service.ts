/**
 * What the server of the power cuts offers: transfers that stand in the ledger, and money that leaves a cash machine.
 */
import { createServer, type Server } from 'oncewire'
import type { SqliteLedger, SqliteTx } from 'oncewire/sqlite'
import { Atm } from '../../examples/atm/gen/atm.ts'
import { atmHandlers } from '../../examples/atm/handlers.ts'
import { machinesIn } from '../../examples/atm/machine.ts'
import { KillBank } from '../../src/cli/kill/bank.ts'

export const schema: string = `
  CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER NOT NULL);
  INSERT OR IGNORE INTO account VALUES ('alice', 1000000), ('bob', 1000000);
  CREATE TABLE IF NOT EXISTS effect (tag TEXT NOT NULL, cents INTEGER NOT NULL);`

/** `tapes`: the folder of the cash machines, which no power cut of the server reaches. */
export function bankAndMachines(ledger: SqliteLedger, tapes: string): Server<SqliteTx> {
  const server = createServer({ ledger, name: 'power', log: () => {} })
  server.add(KillBank, {
    transfer(from, to, cents, tag, call) {
      call.tx.run('INSERT INTO effect VALUES (?, ?)', tag, cents)
      call.tx.run('UPDATE account SET cents = cents - ? WHERE name = ?', cents, from)
      call.tx.run('UPDATE account SET cents = cents + ? WHERE name = ?', cents, to)
      return cents
    },
  })
  server.add(Atm, atmHandlers(machinesIn(tapes)))
  return server
}
