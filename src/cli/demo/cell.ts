/**
 * Runs one cell of the matrix for real: a server process, client processes, a faulty link between them.
 *
 * Invariant: what is judged was read from the database and from the clients' own logs after all had ended, and a cell
 * counts only if its failure really happened to every call.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBank, readBalances } from './database.ts'
import { judge } from './judge.ts'
import type { CallResult, Cell, Told } from './matrix.ts'
import { type CellOrders, cents, Stage } from './stage.ts'
import { Timeline } from './timeline.ts'

export interface CellRun {
  readonly cell: Cell
  /** Of its first call. */
  readonly timeline: Timeline
  /** Why the cell could not be played to its end; it is then not kept. */
  readonly trouble: string | undefined
}

const startCents = 100_000
/** Of one call with all that befalls it. */
const callMsMax = 25_000

export async function runCell(orders: CellOrders & { readonly calls: number }): Promise<CellRun> {
  const { failure, delivery, folder } = orders
  mkdirSync(folder, { recursive: true })
  const accounts = Array.from({ length: orders.calls }, (_, i) => `account-${i + 1}`)
  createBank(join(folder, 'bank.db'), accounts, startCents)
  const stage = new Stage(orders)
  const timelines: Timeline[] = []
  let trouble: string | undefined
  try {
    await withTimeLimit(stage.open(), 'the server did not start')
    for (const account of accounts) {
      const timeline = new Timeline()
      timelines.push(timeline)
      await withTimeLimit(stage.play(account, timeline), `${account}: not over`)
    }
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error)
  } finally {
    await stage.close()
  }
  const balances = readBalances(join(folder, 'bank.db'))
  const results = timelines.map((timeline, i): CallResult => {
    const account = accounts[i] as string
    const { told, atNs } = lastWord(stage.logOf(account))
    timeline.mark('client', told === 'nothing' ? 'nobody is told anything' : `is told: ${told}`, atNs)
    return { told, effects: (startCents - (balances.get(account) ?? 0)) / cents }
  })
  const cell = judge(failure, delivery, results)
  return {
    cell: trouble === undefined ? cell : { ...cell, kept: false },
    timeline: timelines[0] ?? new Timeline(),
    trouble,
  }
}

async function withTimeLimit(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} after ${callMsMax} ms`)), callMsMax)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** The last line of a client's own log. */
function lastWord(log: string): { readonly told: Told; readonly atNs: bigint | undefined } {
  const last = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').at(-1) : undefined
  if (last === undefined) return { told: 'nothing', atNs: undefined }
  const { told, atNs } = JSON.parse(last) as { told: Told; atNs: string }
  return { told, atNs: BigInt(atNs) }
}
