/**
 * Calculator and bank together: two services, one port, one connection. `npx tsx examples/both/main.ts`
 */
import { connect, createServer } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { Bank } from '../bank/gen/bank.ts'
import { bankHandlers, schema } from '../bank/handlers.ts'
import { Calculator, Operation, Work } from '../calc/gen/calc.ts'
import { calculatorHandlers } from '../calc/handlers.ts'

const ledger = await sqlite(process.argv[2] ?? 'both.db', { schema })
const server = createServer({ ledger })
server.add(Bank, bankHandlers(ledger)).add(Calculator, calculatorHandlers())
const { url } = await server.listen('tcp://127.0.0.1:0')

const channel = await connect(url)
try {
  const bank = channel.client(Bank)
  const calculator = channel.client(Calculator)
  const price = await calculator.calculate(1, Work.create({ op: Operation.MULTIPLY, num1: 3, num2: 250 }))
  await bank.deposit('alice', 1000n)
  const left = await bank.debit('alice', BigInt(price))
  console.log(`3 x 250 = ${price}; paid, ${left} left`)
} finally {
  await channel.close()
  await server.close()
  await ledger.close()
}
