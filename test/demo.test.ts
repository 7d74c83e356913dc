/**
 * Goal: the demo shows what it promises, for people and for programs. Method: the command itself, one call a cell.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Cell, deliveries, failureNames } from '../src/cli/demo/matrix.ts'

const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')

test('--json: a line for each of 36 cells, each kept and honest, with the three columns told apart', () => {
  const said = execFileSync(process.execPath, [cli, 'demo', '--json', '--calls', '1'], { encoding: 'utf8' })
  const cells = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Cell)
  expect(cells.map(({ failure, delivery }) => `${failure} ${delivery}`).sort()).toEqual(
    failureNames.flatMap((failure) => deliveries.map((delivery) => `${failure} ${delivery}`)).sort(),
  )
  for (const cell of cells) {
    expect(cell, JSON.stringify(cell)).toMatchObject({ kept: true, honest: true, calls: 1 })
    if (cell.delivery === 'exactly-once') expect(cell).toMatchObject({ effects: { 1: 1 }, told: { ok: 1 } })
  }
  const find = (failure: string, delivery: string): Cell =>
    cells.find((cell) => cell.failure === failure && cell.delivery === delivery) as Cell
  expect(find('reply-lost', 'at-least-once').effects).toMatchObject({ 2: 1 })
  expect(find('server-killed-after', 'at-most-once').told).toMatchObject({ unknown: 1 })
  expect(find('client-killed', 'at-most-once').told).toMatchObject({ nothing: 1 })
  expect(find('second-client', 'at-most-once').effects).toMatchObject({ 2: 1 })
}, 120_000)

test('for people: the cell, and its drawing', () => {
  const said = execFileSync(process.execPath, [cli, 'demo', '--only', 'reply-lost:exactly-once', '--calls', '1'], {
    encoding: 'utf8',
  })
  expect(said).toContain('1x  ok')
  expect(said).toMatch(/lost ✗ ─+│◀─+ REPLY ─+│/)
  expect(said).toContain('CALL, attempt 2')
  expect(said).toContain('answers from its memory, does not run')
  for (const line of said.split('\n')) expect(line.length).toBeLessThanOrEqual(140)
}, 60_000)

test('a misspelt failure is named, with what was meant', () => {
  const { status, stderr } = spawnSync(process.execPath, [cli, 'demo', '--only', 'replylost'], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain('Did you mean "reply-lost"?')
})
