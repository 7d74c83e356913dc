/**
 * Goal: what a server remembers is bounded by calls in flight, not by history. Method: 1,000,000 at-most-once calls between
 * the two machines, and exactly-once calls on SQLite (`CALLS=1000000 npx vitest run test/growth.test.ts` for the long run).
 */
import { expect, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import { ClientMachine } from '../src/once/client.ts'
import type { ClientInput, ClientOutput } from '../src/once/client-io.ts'
import type { Outcome } from '../src/once/outcome.ts'
import type { ServerInput } from '../src/once/server-io.ts'
import { ServerMachine } from '../src/once/server.ts'
import { connected, runBank } from './support/bank.ts'

const inFlight = 64
const nothing = new Uint8Array()
const outcome: Outcome = { kind: 'reply', bytes: nothing }

test('1,000,000 at-most-once calls in one session: never more entries than calls in flight, none at the end', () => {
  const server = new ServerMachine({
    incarnation: 'i'.repeat(16),
    ledgerId: '',
    window: 1024,
    replyBytesMax: 1e6,
    memoryLeaseMs: 1e9,
    durableLeaseMs: 1e9,
    recordsMax: 1e6,
    recordBytesMax: 1e9,
    sessionsMax: 1000,
    keyRetentionMs: 0,
    duplicates: 'attach',
    freshSession: () => '1'.padStart(32, '0'),
  })
  const client = new ClientMachine({
    attemptMs: 1000,
    attemptMsMax: 1000,
    pingMs: 1e9,
    queuedMax: 1000,
    replayMs: 1000,
    token: '',
    instance: '0'.repeat(16),
    random: () => 0.5,
    fingerprints: () => ({ xid: nothing, key: nothing }),
    journal: undefined,
  })
  let nowMs = 1
  let settled = 0
  let most = 0
  const runs: number[] = []
  const serve = (input: ServerInput): void => {
    for (const output of server.step(input)) {
      if (output.kind === 'execute') runs.push(output.run)
      else if (output.kind === 'send') feed({ kind: 'received', nowMs, frame: output.frame })
    }
  }
  const act = (output: ClientOutput): void => {
    if (output.kind === 'settled') settled++
    if (output.kind !== 'send') return
    const { frame } = output
    if (frame.kind === 'call')
      serve({
        kind: 'call',
        peer: 1,
        nowMs,
        frame,
        method: { kind: 'served', delivery: 'at-most-once', isOneway: false },
      })
    else if (frame.kind === 'hello') serve({ kind: 'hello', peer: 1, nowMs, frame, principal: '' })
    else serve({ kind: 'received', peer: 1, nowMs, frame })
  }
  const feed = (input: ClientInput): void => {
    for (const output of [...client.step(input)]) act(output)
  }
  serve({ kind: 'connected', peer: 1 })
  feed({ kind: 'started', nowMs })
  feed({ kind: 'connected', nowMs, endpoint: 'a' })
  const spec = {
    method: 'T.t',
    delivery: 'at-most-once',
    isOneway: false,
    payload: nothing,
    idempotencyKey: undefined,
    headers: undefined,
  } as const
  for (let n = 0; n < 1_000_000; n += inFlight) {
    nowMs += 0.1
    for (let i = 0; i < inFlight; i++)
      feed({ kind: 'called', nowMs, spec: { ...spec, call: n + i, deadlineAtMs: nowMs + 1000 } })
    most = Math.max(most, server.entryCount)
    for (const run of runs.splice(0)) serve({ kind: 'executed', run, nowMs, outcome })
  }
  expect(settled).toBe(1_000_000)
  expect(most).toBeLessThanOrEqual(inFlight)
  for (let i = 0; i < 3; i++) feed({ kind: 'woke', nowMs: (nowMs += 1000) }) // an idle client acknowledges
  expect(server.entryCount).toBe(0)
}, 120_000)

test('exactly-once calls on SQLite leave no record behind', async () => {
  const calls = Number(process.env['CALLS'] ?? 50_000)
  const { url, ledger } = await runBank()
  const bank = (await connected(url)).client(Bank)
  const records = (): number => Number(ledger.get<{ n: bigint }>('SELECT count(*) AS n FROM oncewire_record')?.n)
  await bank.deposit('alice', BigInt(calls))
  let begun = 0
  let most = 0
  const work = async (): Promise<void> => {
    while (begun < calls) {
      if (++begun % 1000 === 0) most = Math.max(most, records())
      await bank.debit('alice', 1n)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  expect(await bank.balance('alice')).toBe(0n)
  // Those in flight, and those whose outcome the client has and not yet acknowledged.
  expect(most).toBeLessThanOrEqual(2 * inFlight)
  while (records() > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(`${calls} exactly-once calls: at most ${most} records at a time, 0 at the end`)
}, 600_000)
