/**
 * Stands in for cash machines: each counts what it has paid out on a disk of its own, so that the count outlives us.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface CashMachine {
  /** Cents paid out by this machine since it was built. */
  counter(atm: string): bigint | Promise<bigint>
  /** Pays, and counts it; both are done when this returns. */
  pay(atm: string, cents: bigint): void | Promise<void>
}

export function machinesIn(folder: string): CashMachine {
  const tapeOf = (atm: string): string => join(folder, `${encodeURIComponent(atm)}.paid`)
  return {
    counter(atm) {
      if (!existsSync(tapeOf(atm))) return 0n
      return readFileSync(tapeOf(atm), 'utf8')
        .split('\n')
        .reduce((sum, line) => sum + BigInt(line), 0n)
    },
    pay(atm, cents) {
      const tape = openSync(tapeOf(atm), 'a')
      writeSync(tape, `${cents}\n`)
      fsyncSync(tape)
      closeSync(tape)
    },
  }
}
