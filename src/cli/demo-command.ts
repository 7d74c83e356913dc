/**
 * `oncewire demo`: the failure matrix, run for real.
 */
import type { Command } from 'commander'
import { didYouMean } from '../std/suggest.ts'
import { runDemo } from './demo/demo.ts'
import { deliveries, type Delivery, type Failure, failureNames } from './demo/matrix.ts'
import { UsageError } from './terminal.ts'

interface DemoFlags {
  readonly json?: true
  readonly calls: string
  readonly only?: string
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('the failure matrix: every failure x every delivery, run with processes, kill -9 and a faulty link')
    .option('--json', 'one line of JSON for each cell')
    .option('--calls <n>', 'calls of each cell', '3')
    .option('--only <cell>', 'one failure, or failure:delivery, such as reply-lost:exactly-once')
    .addHelpText('after', '\nExample:\n  $ oncewire demo --only server-killed-after')
    .action(async (flags: DemoFlags) => {
      const calls = Number(flags.calls)
      const only = flags.only === undefined ? undefined : cellOf(flags.only)
      if (!Number.isInteger(calls) || calls < 1)
        throw new UsageError(`--calls is a whole number from 1, not ${flags.calls}`)
      // Beside the bundled command, as separate programs: they are processes of their own.
      const actors = new URL('./demo/', import.meta.url)
      process.exitCode = await runDemo({ json: flags.json === true, calls, only, actors })
    })
}

/** The cell that is meant. */
function cellOf(text: string): { readonly failure: Failure; readonly delivery: Delivery | undefined } {
  const [failure = '', delivery] = text.split(':')
  const isFailure = (failureNames as readonly string[]).includes(failure)
  if (!isFailure)
    throw new UsageError(
      `there is no failure "${failure}".${didYouMean(failure, failureNames)} There are ${failureNames.join(', ')}.`,
    )
  const isDelivery = delivery === undefined || (deliveries as readonly string[]).includes(delivery)
  if (!isDelivery)
    throw new UsageError(
      `there is no delivery "${delivery}".${didYouMean(delivery, deliveries)} There are ${deliveries.join(', ')}.`,
    )
  return { failure: failure as Failure, delivery: delivery as Delivery | undefined }
}
