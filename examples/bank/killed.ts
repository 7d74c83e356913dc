/**
 * The transfer, killed at every step: `npx tsx examples/bank/killed.ts`. For each step one transfer dies there by kill -9,
 * alone and together with the server; both are started again, and then the money is counted. `--every 5` tries one in five.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execArgv, execPath, exit, kill, pid } from 'node:process'
import { connect } from 'oncewire'
import { Bank } from './gen/bank.ts'
import { transfer } from './transfer.ts'

const cents = 100n
const calls = ['debit', 'deposit', 'note']
/** A call under way dies at once, or so many milliseconds later. */
const steps = calls.flatMap((call) => [
  ...[
    `before ${call}`,
    `during ${call}`,
    `during ${call} +1`,
    `during ${call} +2`,
    `during ${call} +4`,
    `after ${call}`,
  ],
])

if (argv[2] === 'transfer') await dieAtStep(argv.slice(3))
else await killAtEveryStep(argv[2] === '--every' ? Number(argv[3]) : 1)

/** The process that is killed. */
async function dieAtStep([url = '', journal = '', order = '', at = '']: readonly string[]): Promise<void> {
  const [step = '', afterMs] = at.split(' +')
  const die = (): void => void kill(pid, 'SIGKILL')
  const channel = await connect(url, { journal, retransmission: { attemptMs: 200 } })
  await transfer(channel, order, (reached) => {
    if (reached !== step) return
    if (afterMs === undefined) die()
    else setTimeout(die, Number(afterMs))
  })
  await channel.close()
}

async function killAtEveryStep(every: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-bank-'))
  const notes: string[] = []
  let server = await startServer('tcp://127.0.0.1:0')
  const { url } = server
  const channel = await connect(url)
  const bank = channel.client(Bank)
  const deaths = steps
    .flatMap((step) => [false, true].map((isBoth) => ({ step, isBoth })))
    .filter((_, n) => n % every === 0)
  const start = 100_000n
  let wrong = 0
  try {
    await bank.deposit('alice', start)
    for (const [n, { step, isBoth }] of deaths.entries()) {
      const journal = join(folder, `${n}.journal`)
      const died = await transferring([url, journal, `${n}`, step])
      if (isBoth) {
        await end(server.child)
        server = await startServer(url)
      }
      const went = await transferring([url, journal, `${n}`, 'nowhere'])
      const moved = cents * BigInt(n + 1)
      const [alice, bob] = [await bank.balance('alice'), await bank.balance('bob')]
      const noted = notes.filter((line) => line.includes(`order ${n}:`)).length
      // A note may be lost with its server, and with nothing else.
      const isRight = alice === start - moved && bob === moved && noted <= 1 && (noted === 1 || isBoth) && went === 0
      if (!isRight) wrong++
      const who = `${isBoth ? 'client and server' : 'client'} ${died === 'SIGKILL' ? 'killed' : 'was quicker'}`
      const found = `moved ${alice === start - moved && bob === moved ? 'once' : 'NOT ONCE'}, noted ${noted}x`
      console.log(`${step.padEnd(18)} ${who.padEnd(26)} ${found}${isRight ? '' : '  WRONG'}`)
    }
    console.log(
      `${deaths.length} transfers killed; ${wrong} wrong; alice ${await bank.balance('alice')}, bob ${await bank.balance('bob')}`,
    )
  } finally {
    await channel.close()
    await end(server.child)
    rmSync(folder, { recursive: true, force: true })
  }
  exit(wrong === 0 ? 0 : 1)

  async function startServer(at: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const child = run('server.ts', [at, join(folder, 'bank.db')])
    const address = new Promise<string>((resolve) => {
      let held = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (held + text).split('\n')
        held = lines.pop() ?? ''
        for (const line of lines) {
          const found = /^bank at (\S+)$/.exec(line)
          if (found === null) notes.push(line)
          else resolve(found[1] ?? '')
        }
      })
    })
    return { child, url: await address }
  }
}

/** How the process ended. */
async function transferring(args: readonly string[]): Promise<string | number> {
  const [code, signal] = (await once(run('killed.ts', ['transfer', ...args]), 'exit')) as [number, string | null]
  return signal ?? code
}

function run(file: string, args: readonly string[]): ChildProcess {
  const script = join(import.meta.dirname, file)
  return spawn(execPath, [...execArgv, script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
