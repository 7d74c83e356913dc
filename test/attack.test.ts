/**
 * Goal: whatever peers send, the server lives, holds bounded memory and answers everybody else. Method: a server process
 * under each attack, a sample of its inputs, and an honest client all the while. `npm run hostile` tries them all.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attackAll } from './attack/run.ts'

/** More than the server holds at rest and the budgets of its limits. */
const peakMiBMax = 1024

test('every attack, a sample of it', { timeout: 120_000 }, async () => {
  expect(existsSync(join(import.meta.dirname, '../dist/index.js')), 'npm run build makes dist/').toBe(true)
  const reports = await attackAll({ seed: 1, share: 0.03 })
  expect(reports.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`))).toEqual([])
  for (const { name, inputs, honestCalls, peakMiB } of reports) {
    expect(inputs, name).toBeGreaterThan(0)
    expect(honestCalls, name).toBeGreaterThan(0)
    expect(peakMiB, name).toBeLessThan(peakMiBMax)
  }
})
