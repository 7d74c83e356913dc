/**
 * The calculator's handlers; what was calculated is remembered while the process lives.
 */
import type { Handlers } from 'oncewire'
import { InvalidOperation, Operation } from './gen/calc.ts'
import type { Calculator } from './gen/calc.ts'
import type { SharedStruct } from './gen/shared.ts'

export function calculatorHandlers(): Handlers<Calculator> {
  const log = new Map<number, SharedStruct>()
  return {
    ping: () => console.log('ping'),
    add: (num1, num2) => num1 + num2,
    calculate(logid, work) {
      const value = compute(work.op, work.num1, work.num2)
      log.set(logid, { key: logid, value: String(value) })
      return value
    },
    zip: () => console.log('zip'),
    getStruct: (key) => log.get(key) ?? { key, value: '' },
  }
}

function compute(op: Operation, num1: number, num2: number): number {
  switch (op) {
    case Operation.ADD:
      return num1 + num2
    case Operation.SUBTRACT:
      return num1 - num2
    case Operation.MULTIPLY:
      return num1 * num2
    case Operation.DIVIDE:
      if (num2 === 0) throw new InvalidOperation({ whatOp: op, why: 'Cannot divide by 0' })
      return Math.trunc(num1 / num2)
    default:
      throw new InvalidOperation({ whatOp: op, why: 'Invalid operation' })
  }
}
