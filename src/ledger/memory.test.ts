/**
 * The memory ledger passes the contract.
 */
import type { ContractSubject } from './calls-contract.ts'
import { ledgerContract } from './ledger-contract.ts'
import { type MemoryLedger, memoryLedger, type MemoryTx } from './memory.ts'

ledgerContract('memory', async (limits) => {
  let aheadMs = 0
  const subject = (ledger: MemoryLedger): ContractSubject<MemoryTx> => ({
    ledger,
    increment: (tx) => tx.set('n', Number(tx.get('n') ?? 0) + 1),
    count: () => Number(ledger.get('n') ?? 0),
    age: (ms) => void (aheadMs += ms),
    afterCrash: async () => subject(ledger.image()),
  })
  return subject(memoryLedger({ ...limits, dateMs: () => Date.now() + aheadMs }))
})
