/**
 * A client of the kill proof, a process of its own: `node client.js URL JOURNAL LOG NAME`. Keeps some transfers in flight
 * until its standard input ends, then lets them end. Writes what it issues and what it is told into its log.
 *
 * Invariant: a line `issued` is written before the call is made, a line `told` after its promise has settled, and the
 * line `ended` after all have.
 */
import { appendFileSync } from 'node:fs'
import { connect, OncewireError } from 'oncewire'
import { KillBank } from './bank.ts'

const [url = '', journal = '', log = '', name = ''] = process.argv.slice(2)
const inFlight = 16
const accounts = 20

// kill -9 keeps what was written, if not synced; the proof is of processes, not of power cuts.
const say = (line: object): void => appendFileSync(log, `${JSON.stringify(line)}\n`)

let isOver = false
process.stdin.on('end', () => (isOver = true)).resume()

const channel = await connect(url, { journal, connectMs: 60_000, retransmission: { attemptMs: 200, pingMs: 500 } })
const bank = channel.client(KillBank)
for await (const { args, outcome } of channel.recovered) {
  say({ told: args[3], how: outcome.kind === 'failure' ? outcome.error.executed : 'ok' })
}

let next = 0
async function work(): Promise<void> {
  while (!isOver) {
    // Of one length, so that no tag is the beginning of another.
    const tag = `${name}-${String(next++).padStart(8, '0')}`
    say({ issued: tag })
    const from = `account-${next % accounts}`
    const to = `account-${(next * 7 + 3) % accounts}`
    try {
      await bank.transfer(from, to, 1n, tag, { deadlineMs: 120_000 })
      say({ told: tag, how: 'ok' })
    } catch (error) {
      if (!(error instanceof OncewireError)) throw error
      say({ told: tag, how: await (error.resolved ?? error.executed), code: error.code })
    }
  }
}
await Promise.all(Array.from({ length: inFlight }, work))
await channel.close({ drainMs: 10_000 })
say({ ended: name })
