/**
 * Goal: what the journal said to be durable is there after any crash, and a damaged file is found out. Method: every
 * prefix of a journal opened; every byte changed; a child process killed while it appends.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Journal, JournalEntry, JournalState } from '../once/journal.ts'
import { openJournal } from './file-journal.ts'
import { foldJournal, MemoryJournal } from './memory-journal.ts'

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oncewire-journal-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'test.journal')
}

const session = '0123456789abcdef0123456789abcdef'
const call = (n: number, idempotencyKey?: string) => ({
  method: 'Bank.debit',
  delivery: 'exactly-once' as const,
  payload: Uint8Array.of(n, 0, 255),
  idempotencyKey,
})
const entries: JournalEntry[] = [
  { kind: 'opened', epoch: 1 },
  { kind: 'session', session, ledgerId: 'l'.repeat(32), principal: 'alice' },
  { kind: 'begun', number: 1, call: call(1) },
  { kind: 'begun', number: 2, call: call(2, 'order-42') },
  { kind: 'ended', number: 1, outcome: { kind: 'reply', bytes: Uint8Array.of(9) } },
  { kind: 'given-up', number: 2 },
  { kind: 'begun', number: 3, call: call(3) },
  { kind: 'handed-over', number: 1 },
  { kind: 'ended', number: 3, outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message: 'ä' } },
  { kind: 'begun', number: 4, call: call(4) },
  { kind: 'ended', number: 4, outcome: { kind: 'unknown', code: 'fenced' } },
  { kind: 'begun', number: 5, call: call(5) },
  { kind: 'ended', number: 5, outcome: { kind: 'exception', bytes: new Uint8Array() } },
]

async function append(journal: Journal, list: readonly JournalEntry[]): Promise<void> {
  const done = new Promise<void>((resolve) => {
    journal.onDurable = (count) => {
      if (count >= list.length) resolve()
    }
  })
  for (const entry of list) journal.append(entry)
  if (list.length > 0) await done
}

async function written(file: string, list: readonly JournalEntry[] = entries): Promise<Uint8Array> {
  const journal = await openJournal(file)
  await append(journal, list)
  await journal.close()
  return readFile(file)
}

async function stateOf(file: string): Promise<JournalState> {
  const journal = await openJournal(file)
  await journal.close()
  return journal.state
}

const failureOf = async (promise: Promise<unknown>): Promise<OncewireError> => {
  const error = await promise.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

test('what was appended is there at the next opening', async () => {
  const file = await place()
  await written(file)
  const state = await stateOf(file)
  expect(state).toEqual(foldJournal(entries))
  expect(state).toMatchObject({ session, principal: 'alice', epoch: 1, highest: 5 })
  expect(state.open).toEqual([{ number: 2, call: call(2, 'order-42'), isGivenUp: true }])
  expect(state.unclaimed.map(({ number }) => number)).toEqual([3, 4, 5])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('every prefix of the file opens as some prefix of the entries', async () => {
  const file = await place()
  const bytes = await written(file)
  const states = [...entries.keys(), entries.length].map((n) => foldJournal(entries.slice(0, n)))
  for (let length = 0; length <= bytes.length; length++) {
    await writeFile(file, bytes.subarray(0, length))
    const journal = await openJournal(file)
    expect(
      states.some((state) => isDeepStrictEqual(state, journal.state)),
      `cut at ${length}`,
    ).toBe(true)
    // And it goes on from there.
    await append(journal, [{ kind: 'highest', number: 77 }])
    await journal.close()
    expect((await stateOf(file)).highest).toBe(77)
  }
})

test('a changed byte in the middle is damage, named by its place; the file is left as it is', async () => {
  const file = await place()
  const bytes = await written(file)
  for (let at = 12; at < bytes.length - 60; at++) {
    const changed = bytes.slice()
    changed[at] = (changed[at] as number) ^ 0x10
    await writeFile(file, changed)
    const error = await failureOf(openJournal(file))
    expect(error).toMatchObject({ code: 'journal-damaged', executed: 'never' })
    expect(error.message).toMatch(/at byte \d+/)
    expect(Buffer.compare(await readFile(file), changed)).toBe(0)
  }
})

test('no journal, and a journal of a newer format', async () => {
  const file = await place()
  await writeFile(file, 'Dear Alice, this is a letter.')
  expect((await failureOf(openJournal(file))).message).toContain('is no Oncewire journal')
  const bytes = await written(`${file}2`)
  bytes[11] = 2
  await writeFile(file, bytes)
  expect(await failureOf(openJournal(file))).toMatchObject({ code: 'journal-format' })
})

test('the golden file of format 1 opens, with what it holds', async () => {
  const file = await place()
  await writeFile(file, await readFile(join(import.meta.dirname, '../../test/golden/formats/journal-1.journal')))
  expect(await stateOf(file)).toEqual(foldJournal(entries))
})

test('one living process; the lock goes with close, and with the process', async () => {
  const file = await place()
  const journal = await openJournal(file)
  expect((await failureOf(openJournal(file))).message).toContain(`this process (${process.pid})`)
  await journal.close()
  await (await openJournal(file)).close()
  await writeFile(`${file}.lock`, '999999999 1 x')
  await (await openJournal(file)).close()
  await writeFile(`${file}.lock`, `${process.pid} 1 x`) // our pid, in another life
  await (await openJournal(file)).close()
})

test('a journal of finished calls stays small, and forgets nothing that matters', async () => {
  const file = await place()
  const journal = await openJournal(file)
  await append(journal, [
    { kind: 'opened', epoch: 1 },
    { kind: 'session', session, ledgerId: '', principal: '' },
    { kind: 'begun', number: 1, call: call(1) },
  ])
  for (let round = 0; round < 20; round++) {
    const numbers = Array.from({ length: 2000 }, (_, n) => 2 + round * 2000 + n)
    const list = numbers.flatMap((number): JournalEntry[] => [
      { kind: 'begun', number, call: call(7) },
      { kind: 'ended', number, outcome: { kind: 'reply', bytes: new Uint8Array(20) } },
      { kind: 'handed-over', number },
    ])
    await new Promise<void>((resolve) => {
      const before = 3 + round * 6000
      journal.onDurable = (count) => count >= before + list.length && resolve()
      for (const entry of list) journal.append(entry)
    })
  }
  await journal.close()
  expect((await stat(file)).size).toBeLessThan(2_000_000)
  const state = await stateOf(file)
  expect(state).toMatchObject({ session, epoch: 1, highest: 40_001 })
  expect(state.open).toEqual([{ number: 1, call: call(1), isGivenUp: false }])
}, 60_000)

test('kill -9 while appending: everything that was durable is there', async () => {
  const file = await place()
  const script = `
    const { openJournal } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../dist/journal/file-journal.js')).href)})
    const journal = await openJournal(${JSON.stringify(file)})
    journal.onDurable = (count) => process.stdout.write(count + '\\n')
    let n = 0
    setInterval(() => { for (let i = 0; i < 10; i++) journal.append({ kind: 'begun', number: ++n, call: { method: 'a', delivery: 'exactly-once', payload: new Uint8Array(50), idempotencyKey: undefined } }) })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (said.split('\n').length < 100) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const durable = Number(said.trim().split('\n').at(-1))
  const state = await stateOf(file)
  expect(state.open.length).toBeGreaterThanOrEqual(durable)
  expect(state.open.map(({ number }) => number)).toEqual(state.open.map((_, i) => i + 1))
}, 60_000)

test('a full disk (here: a closed file) fails once, and acknowledges nothing afterwards', async () => {
  const file = await place()
  const journal = await openJournal(file)
  const failures: Error[] = []
  const durable: number[] = []
  journal.onFailed = (error) => failures.push(error)
  journal.onDurable = (count) => durable.push(count)
  const { fd } = (journal as unknown as { file: { fd: number } }).file
  ;(journal as unknown as { file: { fd: number } }).file.fd = 987654 // no such file is open
  journal.append({ kind: 'opened', epoch: 1 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  journal.append({ kind: 'opened', epoch: 2 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  ;(journal as unknown as { file: { fd: number } }).file.fd = fd
  await journal.close()
  expect(failures).toHaveLength(1)
  expect(failures[0]).toMatchObject({ code: 'journal-failed', executed: 'unknown' })
  expect(durable).toEqual([])
})

test('the memory journal loses what was not synced', () => {
  const journal = new MemoryJournal()
  let durable = 0
  journal.onDurable = (count) => (durable = count)
  for (const entry of entries.slice(0, 3)) journal.append(entry)
  journal.sync()
  journal.append(entries[3] as JournalEntry)
  expect(durable).toBe(3)
  expect(journal.crash()).toEqual(entries.slice(0, 3))
  expect(journal.crash(1)).toEqual(entries.slice(0, 4))
})
