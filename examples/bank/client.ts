/**
 * Pays an order, and tells apart every way in which that may end: `npx tsx examples/bank/client.ts [url [journal]]`.
 */
import { connect, OncewireError } from 'oncewire'
import { Bank, InsufficientFunds } from './gen/bank.ts'

const channel = await connect(process.argv[2] ?? 'tcp://127.0.0.1:9090', {
  journal: process.argv[3] ?? 'client.journal',
})
try {
  const bank = channel.client(Bank)

  // What an earlier run of this program was doing when it was killed.
  for await (const { method, args, outcome } of channel.recovered) console.log('recovered', method, args, outcome.kind)

  await bank.deposit('alice', 5000n)
  try {
    const left = await bank.debit('alice', 1000n, { deadlineMs: 2000 })
    console.log(`paid, ${left} left`)
  } catch (error) {
    if (error instanceof InsufficientFunds) console.log(`only ${error.balance} there`)
    else if (!(error instanceof OncewireError)) throw error
    else if (error.executed === 'never') console.log('nothing happened: try again')
    else if (error.executed === 'unknown') console.log(`no answer in time; it ran: ${await error.resolved}`)
    else throw error // it ran and failed: the server's log says why
  }
  await bank.note('alice has paid')
  console.log(`balance ${await bank.balance('alice')}`)
} finally {
  await channel.close()
}
