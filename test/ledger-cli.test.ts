/**
 * Goal: an operator sees what nobody else can judge, and settles it once. Method: the built command on a ledger with an
 * effect that is open and one of which nobody can say whether it happened.
 */
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { sqlite } from '../src/ledger/sqlite.ts'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, oncewire, type Ran, root } from './support/cli.ts'

beforeAll(mustBeBuilt)

async function copied(): Promise<{ readonly file: string; readonly run: (...args: string[]) => Ran }> {
  const folder = await temporaryFolder()
  const file = join(folder, 'atm.db')
  copyFileSync(join(root, 'test', 'golden', 'formats', 'ledger-2.db'), file)
  return { file, run: (...args) => oncewire(folder, 'ledger', ...args) }
}

describe('oncewire ledger', () => {
  test('shows what the ledger holds, and the effects that are not over', async () => {
    const { run } = await copied()
    const { code, stdout } = run('atm.db')
    expect(code).toBe(0)
    expect(stdout).toContain('1 session, 4 records, 2 idempotency keys')
    expect(stdout).toMatch(/^ {2}1 {2}open +Golden\.dispense {2}0+1:4294967299, key open, of server golden, since 20/m)
    expect(stdout).toMatch(/^ {2}2 {2}unknown +Golden\.dispense/m)
    expect(JSON.parse(run('atm.db', '--json').stdout)).toMatchObject({
      records: 4,
      effects: [
        { id: 1, state: 'open', key: 'open' },
        { id: 2, state: 'unknown' },
      ],
    })
  })

  test('settles an unknown one, once; its callers are told so', async () => {
    const { file, run } = await copied()
    const settled = run('atm.db', '--settle', '2', '--executed', 'once', '--reason', 'it is on the tape')
    expect(settled).toMatchObject({ code: 0, stderr: expect.stringMatching(/^settled: 2 {2}unknown/) })
    const again = run('atm.db', '--settle', '2', '--executed', 'never')
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('no effect 2 is open or unknown') })
    const ledger = await sqlite(file)
    const record = ledger.get('SELECT code, executed, body FROM oncewire_record WHERE number = ?', 2 ** 32 + 4)
    expect(record).toEqual({ code: 'settled', executed: 'once', body: 'it is on the tape' })
    await ledger.close()
  })

  test('an open one only by force: its server may still be at it', async () => {
    const { run } = await copied()
    const careful = run('atm.db', '--settle', '1', '--executed', 'never')
    expect(careful).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the server "golden" may still perform it'),
    })
    expect(run('atm.db', '--settle', '1', '--executed', 'never', '--force').code).toBe(0)
  })

  test.each([
    [['nowhere.db'], 'there is no file nowhere.db'],
    [['atm.db', '--settle', 'two'], '--settle is the number of an effect'],
    [['atm.db', '--settle', '2'], 'say what you found'],
    [['atm.db', '--executed', 'once'], 'go with --settle ID'],
  ])('%j: used wrongly, told how to use it, and nothing is made', async (args, advice) => {
    const { file, run } = await copied()
    expect(run(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(advice) })
    expect(existsSync(file.replace('atm.db', 'nowhere.db'))).toBe(false)
  })
})
