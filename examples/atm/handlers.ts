/**
 * The machine's handlers. What it has paid before is written down before it pays; after a crash in between, what it has
 * paid since tells whether it did.
 */
import { external, type Handlers } from 'oncewire'
import type { SqliteTx } from 'oncewire/sqlite'
import type { Atm } from './gen/atm.ts'
import type { CashMachine } from './machine.ts'

export function atmHandlers<Tx = SqliteTx>(machine: CashMachine): Handlers<Atm, Tx> {
  return {
    dispense: external<[atm: string, cents: bigint], bigint, bigint>({
      prepare: (atm) => machine.counter(atm), // durable before perform runs
      async perform(atm, cents) {
        await machine.pay(atm, cents)
        return cents
      },
      async reconcile(atm, cents, call) {
        // Calls on one machine run one at a time (key = "atm"), so nobody else has moved the counter.
        const moved = (await machine.counter(atm)) - call.evidence
        if (moved === 0n) return { executed: 'never' }
        return moved === cents ? { executed: 'once', result: cents } : { executed: 'unknown' }
      },
    }),
  }
}
