/**
 * One life of a simulated server: the production drivers over a simulated disk and network.
 */
import { Executor } from '../driver/executor.ts'
import { defaultLimits } from '../driver/limits.ts'
import { ServerDriver } from '../driver/server-driver.ts'
import { GroupLedger } from '../ledger/group-ledger.ts'
import { defaultLimits as ledgerLimits } from '../ledger/limits.ts'
import { Dispatcher } from '../rpc/dispatcher.ts'
import type { Ledger } from '../once/ledger.ts'
import type { Service } from '../rpc/service.ts'
import { type Clock, Process } from './clock.ts'
import type { LedgerDisk } from './disk.ts'
import type { Network } from './network.ts'
import { bankHandlers, bankSchema } from './postgres/bank.ts'
import type { SimPostgres } from './postgres/server.ts'
import { Bank, type Effects, handlers } from './workload.ts'

export interface ServerWorld {
  readonly clock: Clock
  readonly network: Network
  readonly disk: LedgerDisk
  /** In the place of `disk`: the servers share a database server. */
  readonly postgres: SimPostgres | undefined
  readonly effects: Effects
  readonly window: number
  readonly duplicates: 'attach' | 'still-running'
}

const ledgerId = '1'.repeat(32)

/** Starts a server under that name; it listens as soon as it has its ledger. */
export function startServer(name: string, world: ServerWorld): Process {
  const { clock, postgres } = world
  const process = new Process(clock, name)
  clock.note(() => `${name} starts`)
  if (postgres === undefined) serve(process, embeddedLedger(process, world), world)
  else openPostgres(process, postgres, world)
  return process
}

function embeddedLedger(process: Process, world: ServerWorld): Ledger<unknown> {
  const { clock, disk, window } = world
  return new GroupLedger(disk, {
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
    ...ledgerLimits({ window }),
  })
}

/** Again and again, as whoever starts servers does, until the database is there. */
function openPostgres(process: Process, postgres: SimPostgres, world: ServerWorld): void {
  const { clock, window } = world
  postgres.onKill = (killed) => kill(killed, world)
  const options = { max: 4 + Math.floor(clock.random() * 6), pipeline: clock.chance(0.7) }
  postgres.open(process, options, { window, schema: bankSchema }).then(
    (ledger) => serve(process, ledger as Ledger<unknown>, world),
    (error: unknown) => {
      clock.note(() => `${process.name}: ${String(error)}`)
      process.wakeAt(clock.nowMs + 500, () => openPostgres(process, postgres, world))
    },
  )
}

function serve(process: Process, ledger: Ledger<unknown>, world: ServerWorld): void {
  const { clock, network, postgres, effects, window, duplicates } = world
  const { name } = process
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
  const methods = handlers(clock, process, effects)
  dispatcher.add(Bank as Service<unknown>, postgres === undefined ? methods : { ...methods, ...bankHandlers })
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
      ledgerId: ledger.id,
      window,
      replyBytesMax,
      recordsMax,
      recordBytesMax,
      sessionsMax,
      keyRetentionMs: ledger.limits.keyRetentionMs,
      memoryLeaseMs: 10 * 60_000,
      durableLeaseMs: 7 * 24 * 3_600_000,
      duplicates,
      freshSession: () => process.randomHex(16),
    },
  })
  network.listen(process, (connection) => driver.accept(connection))
}

export function kill(
  process: Process,
  { clock, network, postgres }: Pick<ServerWorld, 'clock' | 'network' | 'postgres'>,
): void {
  if (process.isDead) return
  clock.note(() => `${process.name} is killed`)
  process.kill()
  network.processDied(process)
  postgres?.processDied(process)
}
