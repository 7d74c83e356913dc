/**
 * Cash machines that outlive every server, and servers for them that stop in the middle.
 */
import { onTestFinished } from 'vitest'
import { Atm } from '../../examples/atm/gen/atm.ts'
import { atmHandlers } from '../../examples/atm/handlers.ts'
import type { CashMachine } from '../../examples/atm/machine.ts'
import { createServer, type External, type Handlers, type Server, type ServerOptions } from '../../src/index.ts'
import { type MemoryLedger, memoryLedger, type MemoryTx } from '../../src/ledger/memory.ts'

/** Counts what it pays out. What it waits for before and after it pays, a test may change. */
export class Machine implements CashMachine {
  payments = 0
  /** Payments that are under way now, and the most that ever were. */
  inside = 0
  insideMax = 0
  before: () => Promise<void> | void = () => {}
  after: () => Promise<void> | void = () => {}
  private readonly counters = new Map<string, bigint>()

  counter(atm: string): bigint {
    return this.counters.get(atm) ?? 0n
  }

  async pay(atm: string, cents: bigint): Promise<void> {
    this.insideMax = Math.max(this.insideMax, ++this.inside)
    await this.before()
    this.counters.set(atm, this.counter(atm) + cents)
    this.payments++
    await this.after()
    this.inside--
  }
}

export interface RunningAtm {
  readonly server: Server<MemoryTx>
  readonly ledger: MemoryLedger
  readonly machine: Machine
  readonly url: string
  readonly logged: string[]
}

export interface AtmOptions extends ServerOptions {
  readonly url?: string
  readonly machine?: Machine
  readonly ledger?: MemoryLedger
  /** In the place of the example's own. */
  readonly parts?: Partial<External<readonly [atm: string, cents: bigint], bigint>>
}

let addresses = 0

/** A server that is closed with the test. */
export async function runAtm(options: AtmOptions = {}): Promise<RunningAtm> {
  const { machine = new Machine(), ledger = memoryLedger(), parts, ...rest } = options
  const logged: string[] = []
  const log = (message: string, error: unknown): void => void logged.push(`${message} ${String(error)}`)
  const server = createServer({ ledger, log, ...rest })
  const handlers: Handlers<Atm, MemoryTx> = atmHandlers<MemoryTx>(machine)
  server.add(Atm, { dispense: { ...handlers.dispense, ...parts } as typeof handlers.dispense })
  const { url } = await server.listen(options.url ?? `memory:atm-${++addresses}`)
  onTestFinished(() => server.close())
  return { server, ledger, machine, url, logged }
}

/**
 * The server stops where the machine waits: nothing more of it happens. Answers its successor's options: same address,
 * same machine, and the ledger as the crash leaves it.
 */
export async function crashAt(
  where: 'before' | 'after',
  { machine, url, ledger, server }: RunningAtm,
  act: () => void,
): Promise<{ readonly url: string; readonly machine: Machine; readonly ledger: MemoryLedger }> {
  const reached = new Promise<void>((resolve) => {
    machine[where] = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  act()
  await reached
  const image = ledger.image()
  void server.close()
  machine[where] = () => {}
  return { url, machine, ledger: image }
}
