/**
 * Goal: a power cut takes nothing that was said, and what goes on afterwards runs once. Method: real processes under a
 * shim that writes down what they write, sync and send; disks rebuilt as power cuts would leave them; production code
 * opens them. `npm run proof:power` cuts at every sync of longer runs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { allFates, cutPower } from './power/cuts.ts'
import { type Change, journalFile, playTraced, serverFile } from './power/trace.ts'
import { temporaryFolder } from './support/bank.ts'
import { mustBeBuilt, root as project } from './support/cli.ts'
import { PowerDisk, writeFiles } from './support/power-disk.ts'
import { readTrace, watched, whyNoPowerCuts } from './support/power-shim.ts'

const why = whyNoPowerCuts()

describe.runIf(process.platform === 'linux')('power cuts', () => {
  beforeAll(() => {
    mustBeBuilt()
    expect(why, why).toBeUndefined()
  })

  test('at a third of all syncs, whatever is lost of what was not synced', async () => {
    const folder = await temporaryFolder()
    const events = await playTraced(folder, { calls: 20, bytes: 1500 })
    const seed = Date.now() % 1_000_000
    const found = await cutPower(events, { folder, seed, fates: allFates, every: 3 })
    expect(found.wrong).toEqual([])
    expect(found.cuts).toBeGreaterThan(60)
  }, 60_000)

  const changes: Readonly<Record<string, readonly Change[]>> = {
    'a journal that is not synced': [{ file: 'journal/file-journal.ts', from: 'await this.handle.datasync()', to: '' }],
    'a ledger that is not synced': [
      { file: 'ledger/sqlite.ts', from: `'PRAGMA synchronous = FULL'`, to: `'PRAGMA synchronous = NORMAL'` },
      { file: 'ledger/sqlite.ts', from: 'synchronous === 2n', to: 'synchronous === 1n' },
    ],
  }
  test.each(Object.keys(changes))('%s is found out', async (name) => {
    const folder = await temporaryFolder()
    const events = await playTraced(folder, { calls: 12, bytes: 50, lives: 1, changes: changes[name] })
    const found = await cutPower(events, { folder, seed: 1, fates: [['none', 'none']], every: 1, stops: true })
    expect(found.wrong[0]).toMatch(/left, and|failed|stands/)
  })

  test('opened after a kill, ledger and journal sync what had been written and not synced', async () => {
    const folder = realpathSync(await temporaryFolder())
    const events = await playTraced(folder, { calls: 4, bytes: 50, lives: 1 })
    const [left, trace] = [join(folder, 'left'), join(folder, 'trace-of-opening')]
    const disk = new PowerDisk()
    for (const event of events) disk.play(event)
    mkdirSync(left)
    writeFiles(left, disk.after({ fate: 'all', random: () => 0 }))
    const dist = (file: string): string => JSON.stringify(pathToFileURL(join(project, 'dist', file)).href)
    const script = `
      const { sqlite } = await import(${dist('ledger/sqlite.js')})
      const { openJournal } = await import(${dist('journal/file-journal.js')})
      await sqlite(process.argv[1])
      await openJournal(process.argv[2])`
    const files = [join(left, serverFile), join(left, journalFile)]
    const args = ['--input-type=module', '-e', script, ...files]
    const ran = spawnSync(process.execPath, args, { env: watched(left, trace), encoding: 'utf8', cwd: project })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    const paths = new Map<bigint, string>()
    const synced = new Set<string | undefined>()
    for (const event of readTrace(trace)) {
      if (event.kind === 'opened') paths.set(event.inode, event.path)
      if (event.kind === 'synced') synced.add(paths.get(event.inode))
    }
    expect(synced).toContain(`${serverFile}-wal`)
    expect(synced).toContain(journalFile)
  })
})

test.runIf(process.platform !== 'linux')('elsewhere than on Linux it is said why power cuts are not played', () => {
  expect(why).toMatch(/on Linux only/)
  expect(existsSync(join(project, 'test', 'support', 'power-shim.c'))).toBe(true)
})
