/**
 * Goal: the demo shows what it promises, for people and for programs. Method: the command itself; and actors that lie.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runDemo } from '../src/cli/demo/demo.ts'
import { type Cell, deliveries, failureNames } from '../src/cli/demo/matrix.ts'
import { main, mustBeBuilt } from './support/cli.ts'

beforeAll(mustBeBuilt)

/** What the demo calls its temporary folder is below this one, so that what it leaves can be seen. */
let temporary: string
beforeEach(() => (temporary = mkdtempSync(join(tmpdir(), 'oncewire-test-'))))
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

function demo(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, TMPDIR: temporary }
  return spawnSync(process.execPath, [main, 'demo', ...args], { encoding: 'utf8', env })
}

function cellsOf(stdout: string): Cell[] {
  const lines = stdout.trim().split('\n')
  return lines.map((line) => JSON.parse(line) as Cell)
}

test('--json: a line for each of 36 cells, each kept and honest, with the three columns told apart', () => {
  const { status, stdout, stderr } = demo('--json', '--calls', '1')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const cells = cellsOf(stdout)
  expect(cells.map(({ failure, delivery }) => `${failure} ${delivery}`).sort()).toEqual(
    failureNames.flatMap((failure) => deliveries.map((delivery) => `${failure} ${delivery}`)).sort(),
  )
  for (const cell of cells) {
    expect(cell, JSON.stringify(cell)).toMatchObject({ kept: true, honest: true, calls: 1 })
    if (cell.delivery === 'exactly-once') expect(cell).toMatchObject({ effects: { 1: 1 }, told: { ok: 1 } })
  }
  const find = (failure: string, delivery: string): Cell =>
    cells.find((cell) => cell.failure === failure && cell.delivery === delivery) as Cell
  for (const failure of ['reply-lost', 'repeated', 'delayed', 'server-killed-inside', 'server-killed-after'])
    expect(find(failure, 'at-least-once').effects).toMatchObject({ 2: 1 })
  expect(find('server-killed-before', 'at-most-once')).toMatchObject({ effects: { 0: 1 }, told: { unknown: 1 } })
  expect(find('server-killed-after', 'at-most-once')).toMatchObject({ effects: { 1: 1 }, told: { unknown: 1 } })
  expect(find('client-killed', 'at-most-once').told).toMatchObject({ nothing: 1 })
  expect(find('second-client', 'at-most-once').effects).toMatchObject({ 2: 1 })
  expect(readdirSync(temporary)).toEqual([])
}, 120_000)

test('a copy that comes when the call is acknowledged and forgotten does not run either', () => {
  // Of each cell the second call has its late copy after the acknowledgement.
  const cells = cellsOf(demo('--json', '--only', 'delayed', '--calls', '2').stdout)
  const guarded = cells.filter(({ delivery }) => delivery !== 'at-least-once')
  expect(guarded).toHaveLength(2)
  for (const cell of guarded) expect(cell).toMatchObject({ effects: { 1: 2 }, told: { ok: 2 }, kept: true })
}, 60_000)

test('for people: the cell, and its drawing, within 100 columns', () => {
  const { stdout } = demo('--only', 'reply-lost:exactly-once', '--calls', '1')
  expect(stdout).toContain('1x  ok')
  expect(stdout).toMatch(/lost ✗ ─+│◀─+ REPLY ─+│/)
  expect(stdout).toContain('CALL, attempt 2')
  expect(stdout).toContain('answers from its ledger, does not run')
  expect(stdout.match(/the handler runs/g)).toHaveLength(1)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
}, 60_000)

test('a misspelt failure is named, with what was meant', () => {
  const { status, stderr } = demo('--only', 'replylost')
  expect(status).toBe(2)
  expect(stderr).toContain('Did you mean "reply-lost"?')
})

test('Ctrl-C ends everything that was started, and leaves nothing', async () => {
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(process.execPath, [main, 'demo', '--json', '--calls', '1'], { env })
  await once(child.stdout, 'data') // A cell is done, others are under way.
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([130, null])
  expect(readdirSync(temporary)).toEqual([])
}, 60_000)

describe('actors that do not keep their word', () => {
  const server = "console.log('tcp://127.0.0.1:9'); process.on('disconnect', () => process.exit())"
  const says = (told: string): string =>
    `require('fs').writeFileSync(JSON.parse(process.argv[2]).log, JSON.stringify({ told: '${told}', atNs: '1' }))`

  /** Exit code and cell of one call to which nothing happens. */
  async function run(client: string): Promise<{ code: number; cell: Cell; errors: string }> {
    writeFileSync(join(temporary, 'server.js'), server)
    writeFileSync(join(temporary, 'client.js'), client)
    vi.stubEnv('TMPDIR', temporary)
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const code = await runDemo({
      json: true,
      calls: 1,
      only: { failure: 'none', delivery: 'exactly-once' },
      actors: pathToFileURL(`${temporary}/`),
    })
    const errors = err.mock.calls.map(([text]) => String(text)).join('')
    const [cell] = cellsOf(out.mock.calls.map(([text]) => String(text)).join(''))
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    return { code, cell: cell as Cell, errors }
  }

  test('told ok, and nothing was taken: a lie, exit 1, and the evidence is kept', async () => {
    const { code, cell, errors } = await run(says('ok'))
    expect(code).toBe(1)
    expect(cell).toMatchObject({ calls: 1, effects: { 0: 1 }, told: { ok: 1 }, honest: false, kept: false })
    expect(errors).toContain('none x exactly-once: a client was told a lie')
    const kept = readdirSync(temporary).find((name) => name.startsWith('oncewire-demo-')) as string
    expect(errors).toContain(kept)
  })

  test('told never, and nothing was taken: honest, but exactly-once promises more here', async () => {
    const { code, cell } = await run(says('never'))
    expect(code).toBe(1)
    expect(cell).toMatchObject({ honest: true, kept: false })
  })

  test('a client that fails breaks its cell, and says why', async () => {
    const { code, cell, errors } = await run("throw new Error('no bank today')")
    expect(code).toBe(1)
    expect(cell).toMatchObject({ calls: 1, told: { nothing: 1 }, kept: false })
    expect(errors).toContain('no bank today')
  })
})
