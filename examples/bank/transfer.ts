/**
 * Moves money and notes it: three calls that a crash does not tear apart. Started again after a crash, it goes on behind
 * the last call that had ended: `npx tsx examples/bank/transfer.ts [order [url [journal]]]`.
 */
import { argv } from 'node:process'
import { connect, type JournalledChannel, OncewireError } from 'oncewire'
import { Bank } from './gen/bank.ts'

/** `reached` is told of every step: before a call, while it is under way, after it. */
export async function transfer(
  channel: JournalledChannel,
  order: string,
  reached: (step: string) => void = () => {},
): Promise<bigint> {
  async function step<R>(name: string, call: () => Promise<R>): Promise<R> {
    reached(`before ${name}`)
    const made = call()
    reached(`during ${name}`)
    const result = await made
    reached(`after ${name}`)
    return result
  }
  return channel.run(`transfer:${order}`, async (run) => {
    const bank = run.client(Bank)
    const left = await step('debit', () => bank.debit('alice', 100n))
    await step('deposit', () => bank.deposit('bob', 100n))
    await step('note', () => bank.note(`order ${order}: alice has ${left} left`).catch(orPerhaps))
    return left
  })
}

/** A note is at-most-once: if the server dies too, nobody knows whether it was written, and it is not written again. */
function orPerhaps(error: unknown): void {
  if (!(error instanceof OncewireError && error.executed === 'unknown')) throw error
}

if (argv[1] === import.meta.filename) {
  const [order = '42', url = 'tcp://127.0.0.1:9090', journal = 'transfer.journal'] = argv.slice(2)
  const channel = await connect(url, { journal })
  try {
    console.log(`order ${order}: alice has ${await transfer(channel, order, console.log)} left`)
  } finally {
    await channel.close()
  }
}
