/**
 * The memory ledger passes the contract.
 */
import { ledgerContract } from './ledger-contract.ts'
import { memoryLedger } from './memory.ts'

ledgerContract('memory', async () => {
  const ledger = memoryLedger({ window: 32 })
  return {
    ledger,
    increment: (tx) => tx.set('n', Number(tx.get('n') ?? 0) + 1),
    count: () => Number(ledger.get('n') ?? 0),
  }
})
