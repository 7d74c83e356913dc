/**
 * A bank on a SQLite file of its own, for tests that cross folders.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Bank, InsufficientFunds } from '../../examples/bank/gen/bank.ts'
import { bankHandlers, schema } from '../../examples/bank/handlers.ts'
import {
  type Channel,
  connect,
  type ConnectOptions,
  createServer,
  type Server,
  type ServerOptions,
} from '../../src/index.ts'
import { memoryLedger, type MemoryTx } from '../../src/ledger/memory.ts'
import { sqlite, type SqliteLedger, type SqliteTx } from '../../src/ledger/sqlite.ts'

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oncewire-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface RunningBank {
  readonly folder: string
  readonly url: string
  readonly ledger: SqliteLedger
  readonly server: Server<SqliteTx>
  /** What the server's log was told. */
  readonly logged: string[]
}

/** A bank that listens and is closed with the test. */
export async function runBank(options: ServerOptions = {}, url = 'tcp://127.0.0.1:0'): Promise<RunningBank> {
  const folder = await temporaryFolder()
  const ledger = await sqlite(join(folder, 'bank.db'), { schema })
  const logged: string[] = []
  const log = (message: string, error: unknown): void => void logged.push(`${message}: ${String(error)}`)
  const server = createServer({ ledger, log, ...options })
  server.add(Bank, { ...bankHandlers(ledger), note: () => {} })
  const { url: listening } = await server.listen(url)
  onTestFinished(async () => {
    await server.close()
    await ledger.close()
  })
  return { folder, url: listening, ledger, server, logged }
}

/** A channel that is closed with the test. */
export async function connected(url: string, options: ConnectOptions = {}): Promise<Channel> {
  const channel = await connect(url, options)
  onTestFinished(() => channel.close())
  return channel
}

/** The same bank without a disk. */
export async function runMemoryBank(options: ServerOptions = {}): Promise<{ readonly url: string }> {
  const ledger = memoryLedger()
  const server = createServer({ ledger, log: () => {}, ...options })
  const centsOf = (found: unknown): bigint => (found as bigint | undefined) ?? 0n
  const add = (tx: MemoryTx, account: string, cents: bigint): bigint => {
    const balance = centsOf(tx.get(account)) + cents
    tx.set(account, balance)
    return balance
  }
  server.add(Bank, {
    balance: (account) => centsOf(ledger.get(account)),
    debit(account, cents, call) {
      const balance = centsOf(call.tx.get(account))
      if (balance < cents) throw new InsufficientFunds({ balance })
      return add(call.tx, account, -cents)
    },
    deposit: (account, cents, call) => add(call.tx, account, cents),
    note: () => {},
  })
  const { url } = await server.listen('tcp://127.0.0.1:0')
  onTestFinished(() => server.close())
  return { url }
}
