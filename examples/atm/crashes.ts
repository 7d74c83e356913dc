/**
 * The window, measured, and what a crash inside it means: `npx tsx examples/atm/crashes.ts`. A server pays out notes; the
 * time between intent and completion of each payment is printed. Then it dies in that time, before the machine has paid and
 * after it; and once the machine cannot tell, and an operator does.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execArgv, execPath, kill, pid } from 'node:process'
import { connect, createServer, OncewireError } from 'oncewire'
import { sqlite } from 'oncewire/sqlite'
import { Atm } from './gen/atm.ts'
import { atmHandlers } from './handlers.ts'
import { machinesIn } from './machine.ts'

const payments = 200
if (argv[2] === 'server') await serve(argv.slice(3))
else await tell()

/** The server, which dies where it is told to. */
async function serve([folder = '', dies = '', at = '']: readonly string[]): Promise<void> {
  const machines = machinesIn(folder)
  const reach = (place: string): void => void (place === dies && kill(pid, 'SIGKILL'))
  const server = createServer({ ledger: await sqlite(join(folder, 'atm.db')), name: 'atm' })
  server.add(
    Atm,
    atmHandlers({
      ...machines,
      pay(atm, cents) {
        reach('before')
        const paid = machines.pay(atm, cents)
        reach('after')
        return paid
      },
    }),
  )
  const { url } = await server.listen(at)
  process.on('message', () => process.send?.(server.metrics().effectWindows))
  console.log(url)
}

async function tell(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oncewire-atm-'))
  let server = await start('never', 'tcp://127.0.0.1:0')
  const { url } = server
  const channel = await connect(url, { retransmission: { attemptMs: 200 } })
  const atm = channel.client(Atm)
  const paidBefore = (): bigint => machinesIn(folder).counter('north') as bigint
  try {
    const beganMs = performance.now()
    for (let n = 0; n < payments; n++) await atm.dispense('north', 100n)
    const tookMs = performance.now() - beganMs
    const asked = once(server.child, 'message')
    server.child.send('the windows')
    const [{ sumMs, maxMs, ended }] = (await asked) as [{ sumMs: number; maxMs: number; ended: number }]
    const share = ((100 * sumMs) / tookMs).toFixed(0)
    console.log(`The window: from "it may happen now" on disk to "it has happened" on disk.
  ${ended} payments: ${(sumMs / ended).toFixed(2)} ms each, at most ${maxMs.toFixed(2)} ms; open ${share} % of the time in which the machine did nothing but pay.
  Outside of it a crash is a crash like any other: the payment happens once. Inside of it the ledger cannot know, and
  the machine is asked.`)

    server = await restart('before')
    console.log(
      '\n1. The server dies inside the window, before the machine has paid. It starts again and asks the machine.',
    )
    let before = paidBefore()
    let call = told(atm.dispense('north', 100n))
    await exited(server.child)
    server = await start('after', url)
    console.log(
      `   The caller, whose call was open all the time, is told: ${await call}. Paid: ${paidBefore() - before}.`,
    )

    console.log('\n2. It dies inside the window, when the machine has paid.')
    before = paidBefore()
    call = told(atm.dispense('north', 100n))
    await exited(server.child)
    server = await start('after', url)
    console.log(`   The caller is told: ${await call}. Paid: ${paidBefore() - before}, once.`)

    console.log('\n3. The same, and the tape of the machine is torn off: nobody can say.')
    const dispense = (): Promise<string> => told(atm.dispense('north', 100n, { idempotencyKey: 'order-42' }))
    call = dispense()
    await exited(server.child)
    writeFileSync(join(folder, 'north.paid'), '100')
    server = await start('never', url)
    console.log(`   The caller is told: ${await call}.`)
    console.log(`   Who asks again under the same key: ${await dispense()}. Nothing is paid twice.`)
    console.log('   Calls on this machine go on; this one stays open until an operator has looked:\n')
    oncewire('ledger', join(folder, 'atm.db'))
    const id = String(payments + 3)
    oncewire('ledger', join(folder, 'atm.db'), '--settle', id, '--executed', 'once', '--reason', 'the camera saw it')
    console.log(`\n   From now on whoever asks under the key is told: ${await dispense()}.`)
  } finally {
    await channel.close()
    server.child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async function start(dies: string, at: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const script = [...execArgv, import.meta.filename, 'server', folder, dies, at]
    const child = spawn(execPath, script, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
    return { child, url: String(line).trim() }
  }

  async function restart(dies: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    server.child.kill('SIGKILL')
    await exited(server.child)
    return start(dies, url)
  }
}

/** What a caller learns, in words. */
async function told(call: Promise<bigint>): Promise<string> {
  try {
    return `${await call} cents in the tray`
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    return `${error.code}, executed: ${error.executed}`
  }
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function oncewire(...args: string[]): void {
  const shown = args.map((arg) => (arg.endsWith('atm.db') ? 'atm.db' : arg.includes(' ') ? `"${arg}"` : arg))
  console.log(`   $ oncewire ${shown.join(' ')}`)
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
  // What it says of what it did goes to stderr, data to stdout.
  const text = execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1', execPath, main, ...args], { encoding: 'utf8' })
  for (const line of text.trimEnd().split('\n')) console.log(`   ${line}`)
}
