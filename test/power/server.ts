/**
 * The server of the power cuts, a process of its own: `node server.js FILE TAPES`. A bank, and cash machines that keep
 * their tapes in another folder. Prints its address; ends when its standard input does.
 */
import { bankAndMachines, schema } from './service.ts'
import { sqlite } from 'oncewire/sqlite'

const [file = '', tapes = ''] = process.argv.slice(2)
const ledger = await sqlite(file, { schema })
const server = bankAndMachines(ledger, tapes)
const { url } = await server.listen('tcp://127.0.0.1:0')
process.stdin
  .on('end', () => {
    void server.close({ drainMs: 1000 }).then(async () => {
      await ledger.close()
      process.exit()
    })
  })
  .resume()
console.log(url)
