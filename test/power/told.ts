/**
 * What the client of the power cuts says of its calls: `t-0007 once` for each that it was told of. What a call is called
 * stands in its arguments, so that it is known again in the ledger and in a journal.
 */
import type { Recovered } from '../../src/driver/recovered.ts'
import type { KillBank } from '../../src/cli/kill/bank.ts'

/** The name of a call: the first part of a transfer's tag, or the sum that a machine paid. */
export function nameOf(args: readonly unknown[]): string {
  return args.length === 4 ? nameInTag(String(args[3])) : `paid-${String(args[1])}`
}

export const nameInTag = (tag: string): string => tag.slice(0, tag.lastIndexOf('-'))

/** A line for an outcome that a later process was handed over. */
export function tell({ args, outcome }: Recovered): string {
  return `${nameOf(args)} ${outcome.kind === 'failure' ? outcome.error.executed : 'once'}`
}

/** The resumable run number `n`: two transfers. */
export async function twoSteps(client: KillBank, n: number): Promise<void> {
  for (const step of [1, 2]) await client.transfer('bob', 'alice', 1n, `${nameOfStep(n, step)}-`)
}

export const nameOfStep = (n: number, step: number): string => `t-${String(n).padStart(4, '0')}r${step}`

/** Which calls are made within runs. */
export const isRun = (n: number): boolean => n % 5 === 4
