/**
 * The server of the cash machines: `npx tsx examples/atm/server.ts [url [folder]]`. Killed while a machine pays, it asks
 * the machine when it starts again.
 */
import { join } from 'node:path'
import { createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { Atm } from './gen/atm.ts'
import { atmHandlers } from './handlers.ts'
import { machinesIn } from './machine.ts'

const folder = process.argv[3] ?? '.'
const ledger = await sqlite(join(folder, 'atm.db'))
const server = createServer({ ledger, name: 'atm' }) // the name says whose open payments it asks about
server.add(Atm, atmHandlers(machinesIn(folder)))
const { url } = await server.listen(process.argv[2] ?? 'tcp://127.0.0.1:9090')
console.log(`atm at ${url}`)

// The window: from the moment at which the payment may happen to the moment at which it is written down that it did.
let told = 0
setInterval(() => {
  const { open, ended, sumMs, maxMs, reconciled } = server.metrics().effectWindows
  if (ended === told) return
  told = ended
  const mean = (sumMs / ended).toFixed(2)
  console.log(
    `${ended} payments; window ${mean} ms on average, at most ${maxMs.toFixed(2)} ms; ${open} open`,
    reconciled,
  )
}, 200)
