/**
 * The client of the crash stories, a process of its own: `node client.mjs URL JOURNAL LOG LIFE`. Its first life makes one
 * call of each delivery and gives one up; every life plays the run, and makes calls of its own, with and without the journal, to show that
 * all goes on.
 *
 * Invariant: what is in the log was told to the application.
 */
import './hook.ts'
import { appendFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { connect, OncewireError } from '../../src/index.ts'
import { Till } from './till.ts'

const [url = '', journal = '', log = '', life = '1'] = process.argv.slice(2)
const say = (what: string, told: string): void => appendFileSync(log, `${what} ${told}\n`)

const channel = await connect(url, { journal, connectMs: 20_000, retransmission: { attemptMs: 150 } })
const till = channel.client(Till)
for await (const { args, outcome } of channel.recovered)
  say(
    String(args[0]),
    outcome.kind === 'result' ? 'ok' : outcome.kind === 'failure' ? outcome.error.executed : 'exception',
  )

async function make(what: string, call: Promise<string>): Promise<void> {
  try {
    await call
    say(what, 'ok')
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    say(what, await (error.resolved ?? error.executed))
  }
}

if (life === '1') {
  await make('paid', till.pay('paid', { idempotencyKey: 'order-42' }))
  await make('noted', till.note('noted'))
  await make('cash', till.dispense('cash'))
  await make('given-up', till.pay('given-up', { deadlineMs: 80 }))
}
const value = await channel.run('trip', async (run) => {
  const inRun = run.client(Till)
  const first = await inRun.pay('run-1')
  const chance = await run.step('chance', () => Math.random())
  const cash = await inRun.dispense('run-2').catch((error: unknown) => {
    // The server died between intent and effect, and knows that nothing happened: an answer, the same ever after.
    if (error instanceof OncewireError && error.executed === 'never') return 'nothing'
    throw error
  })
  return [first, chance, cash, await inRun.pay('run-3')].join()
})
say('trip', value.replaceAll(' ', '-'))
await make(`life-${life}`, till.pay(`life-${life}`))
const brief = await connect(url, { connectMs: 20_000, retransmission: { attemptMs: 150 } })
await make(`brief-${life}`, brief.client(Till).pay(`brief-${life}`))
await after(600) // An idle client acknowledges.
await brief.close({ drainMs: 5000 }) // Without a journal it says goodbye.
await channel.close({ drainMs: 5000 })
