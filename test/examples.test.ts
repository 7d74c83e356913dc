/**
 * Goal: every example runs as its header says. Method: each in processes of its own, against a free port.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt } from './support/cli.ts'

const root = join(import.meta.dirname, '..')

function start(file: string, ...args: string[]): ChildProcess {
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs')
  const child = spawn(process.execPath, [tsx, join(root, file), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr?.pipe(process.stderr)
  onTestFinished(() => void child.kill())
  return child
}

/** Lines on stdout until the process ends. */
async function linesOf(child: ChildProcess): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) lines.push(line)
  return lines
}

/** The address that a server prints when it listens. */
async function addressOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const found = / at (\S+)$/.exec(line)
    if (found !== null) return found[1] as string
  }
  throw new Error('the server ended before it listened')
}

test('calc: the tutorial service, server and client in two processes', async () => {
  const url = await addressOf(start('examples/calc/server.ts', 'tcp://127.0.0.1:0'))
  expect(await linesOf(start('examples/calc/client.ts', url))).toEqual([
    'ping()',
    '3+5=8',
    'InvalidOperation: Cannot divide by 0',
    '15-10=5',
    'check log: 5',
  ])
})

test('bank: pays an order', async () => {
  const folder = await temporaryFolder()
  const url = await addressOf(start('examples/bank/server.ts', 'tcp://127.0.0.1:0', join(folder, 'bank.db')))
  const lines = await linesOf(start('examples/bank/client.ts', url, join(folder, 'client.journal')))
  expect(lines).toEqual(['paid, 4000 left', 'balance 4000'])
})

test('atm: pays out notes, and measures the window in which a crash would leave a question', async () => {
  const folder = await temporaryFolder()
  const server = start('examples/atm/server.ts', 'tcp://127.0.0.1:0', folder)
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await lines.next()).value)
  const url = / at (\S+)$/.exec(await next())?.[1] ?? expect.fail('no address')
  expect(await linesOf(start('examples/atm/client.ts', url))).toEqual([
    '2000 cents in the tray',
    '5000 cents in the tray',
  ])
  let told = await next()
  while (told.startsWith('1 payments')) told = await next() // told between the two
  expect(told).toMatch(/^2 payments; window [\d.]+ ms on average, at most [\d.]+ ms; 0 open/)
})

test('bank: a transfer of three calls, killed at some of its steps (npm run example:bank: at all of them)', async () => {
  const lines = await linesOf(start('examples/bank/killed.ts', '--every', '14'))
  expect(lines).toHaveLength(4)
  for (const line of lines.slice(0, 3)) expect(line).toMatch(/moved once, noted [01]x$/)
  expect(lines.at(-1)).toBe('3 transfers killed; 0 wrong; alice 99700, bob 300')
}, 30_000)

test('atm: a crash inside the window, before the effect, after it, and where nobody can say', async () => {
  mustBeBuilt()
  const text = (await linesOf(start('examples/atm/crashes.ts'))).join('\n')
  expect(text).toMatch(/200 payments: [\d.]+ ms each, at most [\d.]+ ms/)
  expect(text).toContain('is told: not-performed, executed: never. Paid: 0.')
  expect(text).toContain('is told: 100 cents in the tray. Paid: 100, once.')
  expect(text.match(/effect-unknown, executed: unknown/g)).toHaveLength(2)
  expect(text).toMatch(/settled: 203 .* key order-42[^]*is told: settled, executed: once\.$/)
}, 30_000)

test('both: two services, one port, one connection', async () => {
  const lines = await linesOf(start('examples/both/main.ts', join(await temporaryFolder(), 'both.db')))
  expect(lines).toEqual(['3 x 250 = 750; paid, 250 left'])
})

test("kv: the lecture's questions, asked", async () => {
  const folder = await temporaryFolder()
  const url = await addressOf(start('examples/kv/server.ts', 'tcp://127.0.0.1:0', join(folder, 'kv.db')))
  expect(await linesOf(start('examples/kv/client.ts', url, join(folder, 'client.journal')))).toEqual([
    'put 10, put 20: x is 20',
    'set x to 8 if x is 7: true; asked for a second time, by a second call: false',
    'append: 8!',
    'remove: true, and again: false',
    'x is not there',
  ])
})

test('kv: a late copy of put(x, 10) is seen under at-least-once, rejected and drawn; not under the other two', async () => {
  const folder = await temporaryFolder()
  for (const delivery of ['at-least-once', 'at-most-once', 'exactly-once']) {
    const lines = await linesOf(start('examples/kv/main.ts', `--${delivery}`, '--out', folder))
    const isWrong = delivery === 'at-least-once'
    const page = join(folder, `kv-${delivery}.html`)
    expect(lines).toEqual([
      `put(x, 10), put(x, 20), and a late copy of the first, ${delivery}: x is ${isWrong ? 10 : 20}`,
      `${isWrong ? 'NOT linearizable' : 'linearizable'}; drawn in ${page}`,
    ])
    expect(readFileSync(page, 'utf8').includes('class="call culprit"')).toBe(isWrong)
  }
})

test('kv: four clients and a server that is killed with -9 again and again', async () => {
  const folder = await temporaryFolder()
  const lines = await linesOf(start('examples/kv/main.ts', '--seconds', '1.5', '--out', folder))
  expect(lines[0]).toMatch(/^\d{2,} calls of 4 clients, the server killed [1-9]\d* times, \d+ outcomes unknown$/)
  expect(lines[1]).toBe(`linearizable; drawn in ${join(folder, 'kv-history.html')}`)
})
