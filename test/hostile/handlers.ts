/**
 * The service that hostile peers are let loose on, and how often each method has run.
 */
import type { Handlers } from '../../src/index.ts'
import type { MemoryTx } from '../../src/ledger/memory.ts'
import type { Target } from './gen/hostile.ts'

export interface Counts {
  /** Handlers that run now, the most that ever did, and all that began. */
  running: number
  runningMost: number
  begun: number
}

export function targetHandlers(counts: Counts = { running: 0, runningMost: 0, begun: 0 }): Handlers<Target, MemoryTx> {
  let total = 0n
  const ran = <T>(value: T): T => {
    counts.begun++
    return value
  }
  return {
    echo: (it) => ran(it),
    mirror: (it) => ran(it),
    async wait(ms, load, { signal }) {
      counts.begun++
      counts.runningMost = Math.max(counts.runningMost, ++counts.running)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
      })
      counts.running--
      return load.length
    },
    count: (by) => ran((total += by)),
    grow: (bytes) => ran(new Uint8Array(Math.max(0, bytes))),
    debit(account, cents, { tx }) {
      const balance = ((tx.get(account) as bigint | undefined) ?? 0n) - cents
      tx.set(account, balance)
      return ran(balance)
    },
    tell: () => ran(undefined),
  }
}
