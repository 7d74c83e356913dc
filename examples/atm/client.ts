/**
 * Takes money out, and says what became of it: `npx tsx examples/atm/client.ts [url]`.
 */
import { connect, OncewireError } from 'oncewire'
import { Atm, PaperJam } from './gen/atm.ts'

const channel = await connect(process.argv[2] ?? 'tcp://127.0.0.1:9090')
try {
  const atm = channel.client(Atm)
  for (const cents of [2000n, 5000n]) {
    try {
      console.log(`${await atm.dispense('north', cents, { deadlineMs: 5000 })} cents in the tray`)
    } catch (error) {
      if (error instanceof PaperJam) console.log(`${error.atm} is out of order`)
      else if (!(error instanceof OncewireError)) throw error
      else if (error.executed === 'never') console.log('nothing came out: try again')
      else if (error.executed === 'once') console.log('the money is out')
      else console.log(`look into the tray; it came out: ${await error.resolved}`)
    }
  }
} finally {
  await channel.close()
}
