/**
 * Goal: kill -9 of either side at random moments loses no transfer and runs none twice. Method: the kill proof in a short
 * form; `npm run proof:kill` is the long one.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')

test('20 kills: every transfer exactly once, money conserved, every call settled', () => {
  const said = execFileSync(process.execPath, [cli, 'prove-kills', '--kills', '20', '--json'], { encoding: 'utf8' })
  console.log(said.trim())
  const verdict = JSON.parse(said) as Record<string, number>
  expect(verdict).toMatchObject({ kills: 20, twice: 0, lost: 0, unsettled: 0, moneyOff: 0 })
  expect(verdict['effects']).toBeGreaterThan(100)
  // At most the windows of the clients that were there.
  expect(verdict['records']).toBeLessThanOrEqual(3 * 1024)
}, 120_000)
