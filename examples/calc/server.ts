/**
 * The calculator's server: `npx tsx examples/calc/server.ts [url]`.
 */
import { createServer } from 'oncewire'
import { Calculator } from './gen/calc.ts'
import { calculatorHandlers } from './handlers.ts'

const server = createServer()
server.add(Calculator, calculatorHandlers())
const { url } = await server.listen(process.argv[2] ?? 'tcp://127.0.0.1:9090')
console.log(`calculator at ${url}`)
