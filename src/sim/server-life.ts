/**
 * One life of a simulated server: the production drivers over a simulated disk and network.
 */
import { Executor } from '../driver/executor.ts'
import { defaultLimits } from '../driver/limits.ts'
import { ServerDriver } from '../driver/server-driver.ts'
import { GroupLedger } from '../ledger/group-ledger.ts'
import { defaultLimits as ledgerLimits } from '../ledger/limits.ts'
import { Dispatcher } from '../rpc/dispatcher.ts'
import type { Service } from '../rpc/service.ts'
import { type Clock, Process } from './clock.ts'
import type { LedgerDisk } from './disk.ts'
import type { Network } from './network.ts'
import { Bank, type Effects, handlers } from './workload.ts'

export interface ServerWorld {
  readonly clock: Clock
  readonly network: Network
  readonly disk: LedgerDisk
  readonly effects: Effects
  readonly window: number
  readonly duplicates: 'attach' | 'still-running'
}

const ledgerId = '1'.repeat(32)

/** Starts a server under that name; it listens. */
export function startServer(name: string, world: ServerWorld): Process {
  const { clock, network, disk, effects, window, duplicates } = world
  const process = new Process(clock, name)
  const limits = ledgerLimits({ window })
  const ledger = new GroupLedger(disk, {
    id: ledgerId,
    nowMs: () => process.nowMs(),
    soon: (act) => {
      clock.after(0, () =>
        process.within(() => {
          disk.onKill = () => kill(process, world)
          act()
        }),
      )
    },
    ...limits,
  })
  const log = (message: string, error: unknown): void => clock.note(() => `${name}: ${message}: ${String(error)}`)
  const { replyBytesMax, recordsMax, recordBytesMax, sessionsMax, queuedMax } = defaultLimits
  const executor = new Executor({
    ledger,
    externals: undefined,
    host: { world: process, closing: new AbortController().signal },
    limits: defaultLimits,
    tellsErrors: false,
    log,
  })
  const dispatcher = new Dispatcher()
  dispatcher.add(Bank as Service<unknown>, handlers(clock, process, effects))
  const driver = new ServerDriver({
    executor,
    ledger,
    world: process,
    dispatcher,
    authenticate: undefined,
    allowsAnonymousKeys: true,
    log,
    complain: log,
    callsMax: window + queuedMax,
    machine: {
      incarnation: process.randomHex(8),
      ledgerId,
      window,
      replyBytesMax,
      recordsMax,
      recordBytesMax,
      sessionsMax,
      keyRetentionMs: limits.keyRetentionMs,
      memoryLeaseMs: 10 * 60_000,
      durableLeaseMs: 7 * 24 * 3_600_000,
      duplicates,
      freshSession: () => process.randomHex(16),
    },
  })
  network.listen(process, (connection) => driver.accept(connection))
  clock.note(() => `${name} starts`)
  return process
}

export function kill(process: Process, { clock, network }: Pick<ServerWorld, 'clock' | 'network'>): void {
  if (process.isDead) return
  clock.note(() => `${process.name} is killed`)
  process.kill()
  network.processDied(process)
}
