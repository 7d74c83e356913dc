/**
 * Goal: kill -9 of either side at random moments loses no transfer and runs none twice. Method: the kill proof in a short
 * form; `npm run proof:kill` is the long one.
 */
import { spawnSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { main, mustBeBuilt } from './support/cli.ts'

beforeAll(mustBeBuilt)

test('20 kills: every transfer exactly once, money conserved, every call settled', () => {
  const args = [main, 'prove-kills', '--kills', '20', '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  console.log(stdout.trim()) // The seed, should it fail.
  const verdict = JSON.parse(stdout) as Record<string, number>
  const nothing = { twice: 0, lost: 0, uncalledFor: 0, unsettled: 0, contradicted: 0, moneyOff: 0, crashed: 0 }
  expect({ verdict, stderr, status }).toMatchObject({ verdict: { kills: 20, ...nothing }, stderr: '', status: 0 })
  expect(verdict['effects']).toBeGreaterThan(100)
  // At most the windows of the clients that were there.
  expect(verdict['records']).toBeLessThanOrEqual(3 * 1024)
}, 120_000)
