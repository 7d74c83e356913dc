/**
 * Goal: `oncewire simulate` plays what it is asked to, on every core, and says how to see a world again. Method: the built
 * command, as users run it.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { ProofFile } from '../src/cli/proof-file.ts'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, oncewire, root } from './support/cli.ts'

interface Totals {
  readonly seed: number
  readonly runs: number
  readonly faults: Readonly<Record<string, number>>
  readonly failures: readonly { readonly seed: number; readonly violations: readonly string[] }[]
}

const simulate = (...args: string[]) => oncewire(root, 'simulate', ...args)
const totals = (...args: string[]): Totals => JSON.parse(simulate('--json', ...args).stdout) as Totals

beforeAll(mustBeBuilt)

test('the worlds are the same by however many threads they are played', () => {
  const [one, three] = ['1', '3'].map((workers) => totals('--seed', '1', '--runs', '250', '--workers', workers))
  expect(one).toMatchObject({ seed: 1, runs: 250, failures: [] })
  expect(three?.faults).toEqual(one?.faults)
})

test('one seed is told line by line, the same each time', () => {
  const { code, stdout } = simulate('--seed', '7')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ +[\d.]+ server-1 starts$/m)
  expect(stdout).toMatch(/^ +[\d.]+ {3}! server-killed$/m)
  expect(stdout).toMatch(/^ +[\d.]+ client-\d -> server-\d: CALL Bank\.\w+ [0-9a-f]{4}:e1#1 exactly-once, attempt 1/m)
  expect(stdout).toMatch(/\nno promise was broken\n$/)
  expect(simulate('--seed', '7').stdout).toBe(stdout)
})

test('figures are added to a file, no seed of one version twice', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'proof.json')
  const add = (...args: string[]) => simulate('--runs', '20', '--append', file, ...args)
  expect(add().code).toBe(0)
  expect(add().stdout).toContain('seeds 21 to 40')
  expect(add('--seed', '30')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('holds seeds up to 40') as string,
  })
  const { simulator } = JSON.parse(readFileSync(file, 'utf8')) as ProofFile
  expect(simulator).toMatchObject({ runs: 2, total: { seeds: 40, callsWanted: 400, violations: 0 } })
  expect(Object.values(simulator?.played ?? {})).toEqual(['1-40'])
  await rm(folder, { recursive: true })
})

test('it ends after the seconds it was given, and refuses what it cannot play', () => {
  expect(totals('--seconds', '1').runs).toBeGreaterThan(0)
  expect(simulate('--runs', '0')).toMatchObject({ code: 2 })
  expect(simulate('--faults', 'loss')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no fault') as string,
  })
})
