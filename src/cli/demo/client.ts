/**
 * The demo's client, a process of its own: makes one call and writes what it was told into its log, fsynced, a line of
 * JSON each. Started again after a kill it makes no call: it only writes what its journal brings back. It keeps its
 * channel open until its standard input ends.
 *
 * Invariant: uses the library as any user would; what is in the log was told to the application, and nothing else.
 */
import { once } from 'node:events'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { connect, DeclaredException, OncewireError } from 'oncewire'
import { DemoBank } from './bank.ts'

interface Orders {
  readonly url: string
  readonly journal: string
  readonly log: string
  readonly account: string
  readonly cents: number
  readonly method: 'debitAtLeastOnce' | 'debitAtMostOnce' | 'debitExactlyOnce'
  readonly idempotencyKey?: string
  readonly attemptMs: number
  readonly deadlineMs: number
  /** Started again: make no call. */
  readonly isRestarted: boolean
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders

function log(line: object): void {
  const file = openSync(orders.log, 'a')
  writeSync(file, `${JSON.stringify({ ...line, atNs: String(process.hrtime.bigint()) })}\n`)
  fsyncSync(file)
  closeSync(file)
}

const mayEnd = once(process.stdin.resume(), 'end')
const channel = await connect(orders.url, {
  journal: orders.journal,
  connectMs: 10_000,
  retransmission: { attemptMs: orders.attemptMs, pingMs: 1_000 },
})
const bank = channel.client(DemoBank)

if (orders.isRestarted) {
  for await (const { outcome } of channel.recovered) {
    log({
      told: outcome.kind === 'result' ? 'ok' : outcome.kind === 'exception' ? 'exception' : outcome.error.executed,
    })
  }
} else {
  const { idempotencyKey, deadlineMs } = orders
  try {
    await bank[orders.method](orders.account, BigInt(orders.cents), { deadlineMs, idempotencyKey })
    log({ told: 'ok' })
  } catch (error) {
    if (error instanceof DeclaredException) log({ told: 'exception' })
    else if (error instanceof OncewireError) {
      const told = await (error.resolved ?? error.executed)
      log({ told, first: error.executed, code: error.code })
    } else throw error
  }
}
await mayEnd
await channel.close({ drainMs: 500 })
