/**
 * The calculator's client, in a process of its own: `npx tsx examples/calc/client.ts [url]`.
 */
import { connect } from 'oncewire'
import { Calculator, InvalidOperation, Operation, Work } from './gen/calc.ts'

const channel = await connect(process.argv[2] ?? 'tcp://127.0.0.1:9090')
try {
  const calculator = channel.client(Calculator)

  await calculator.ping()
  console.log('ping()')

  const k = await calculator.add(3, 5)
  console.log(`3+5=${k}`)

  try {
    await calculator.calculate(1, Work.create({ op: Operation.DIVIDE, num1: 1, num2: 0 }))
    console.log('Whoa? You know how to divide by zero?')
  } catch (error) {
    if (!(error instanceof InvalidOperation)) throw error
    console.log(`InvalidOperation: ${error.why}`)
  }

  const difference = await calculator.calculate(1, Work.create({ op: Operation.SUBTRACT, num1: 15, num2: 10 }))
  console.log(`15-10=${difference}`)

  const logged = await calculator.getStruct(1)
  console.log(`check log: ${logged.value}`)

  await calculator.zip()
} finally {
  // On Node 24 and later, `await using channel = ...` above does this by itself.
  await channel.close()
}
