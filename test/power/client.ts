/**
 * The client of the power cuts, a process of its own: `node client.js URL JOURNAL TOLD FIRST COUNT BYTES DIES`. Transfers
 * with tags of so many bytes, some under an idempotency key; now and then cash, and a run of two steps; some calls it
 * gives up. Writes a line into TOLD for everything that it is told. DIES: kills itself when half of it is done.
 */
import { appendFileSync } from 'node:fs'
import { connect, OncewireError } from 'oncewire'
import { isRun, nameOf, nameOfStep, tell, twoSteps } from './told.ts'
import { Atm } from '../../examples/atm/gen/atm.ts'
import { KillBank } from '../../src/cli/kill/bank.ts'

const [url = '', journal = '', told = '', first = '0', count = '0', bytes = '0', dies = ''] = process.argv.slice(2)
const inFlight = 6

const say = (line: string): void => appendFileSync(told, `${line}\n`)
const channel = await connect(url, { journal, retransmission: { attemptMs: 500 } })
const bank = channel.client(KillBank)
const atm = channel.client(Atm)
for await (const recovered of channel.recovered) say(tell(recovered))

const last = Number(first) + Number(count)
let next = 0
let done = 0
async function work(): Promise<void> {
  while (next < last) {
    const n = next++
    // Runs of an earlier life are played again.
    if (isRun(n)) await runOf(n)
    if (n < Number(first)) continue
    if (n % 4 === 3) await make(['north', BigInt(10_000 + n)], n)
    await make(['alice', 'bob', 1n, `t-${String(n).padStart(4, '0')}-${'x'.repeat(Number(bytes))}`], n)
    if (dies !== '' && ++done * 2 > Number(count)) process.kill(process.pid, 'SIGKILL')
  }
}

async function make(args: readonly [string, bigint] | readonly [string, string, bigint, string], n: number) {
  const options = {
    idempotencyKey: n % 3 === 0 ? `key-${n}` : undefined,
    signal: n % 7 === 6 ? AbortSignal.timeout(1) : undefined,
  }
  try {
    if (args.length === 2) await atm.dispense(...args, options)
    else await bank.transfer(...args, options)
    say(`${nameOf(args)} once`)
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    say(`${nameOf(args)} ${await (error.resolved ?? error.executed)}`)
  }
}

async function runOf(n: number): Promise<void> {
  await channel.run(`run ${n}`, (run) => twoSteps(run.client(KillBank), n))
  for (const step of [1, 2]) say(`${nameOfStep(n, step)} once`)
}

await Promise.all(Array.from({ length: inFlight }, work))
await channel.close({ drainMs: 5000 })
