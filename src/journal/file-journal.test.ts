/**
 * Goal: what the journal said to be durable is there after any crash, and a file that is not what was written is found
 * out. Method: the contract; every prefix of every file that is ever written; children killed while they append, and a
 * child that runs out of room.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { JournalEntry, JournalState } from '../once/journal.ts'
import { type FileJournalOptions, openJournal } from './file-journal.ts'
import { foldJournal, JournalFold } from './fold.ts'
import { encodeEntry, markBytes } from './entry-bytes.ts'
import { encodeJournal } from './journal-bytes.ts'
import { ByteWriter } from '../std/bytes.ts'
import { journalContract, type JournalPlace, sampleEntries, sampleEntries1 } from './journal-contract.ts'

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oncewire-journal-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'client.journal')
}

async function write(
  file: string,
  entries: readonly JournalEntry[],
  options?: FileJournalOptions,
): Promise<Uint8Array> {
  const journal = await openJournal(file, options)
  for (const entry of entries) journal.append(entry)
  await journal.close()
  return readFile(file)
}

async function stateOf(file: string, options?: FileJournalOptions): Promise<JournalState> {
  const journal = await openJournal(file, options)
  await journal.close()
  return journal.state
}

async function failureOf(file: string): Promise<OncewireError> {
  const error = await openJournal(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

/** A file that was written in those groups, each of which was synced. */
function writtenIn(...groups: (readonly JournalEntry[])[]): Uint8Array {
  const out = new ByteWriter(1024)
  out.raw(encodeJournal([]))
  for (const group of groups) {
    if (group.length > 0) encodeEntry(out, { kind: 'mark', offset: out.position })
    for (const entry of group) encodeEntry(out, entry)
  }
  return out.bytes.slice(0, out.position)
}

const newFile = async (options?: FileJournalOptions): Promise<JournalPlace> => {
  const file = await place()
  return { open: () => openJournal(file, options), work: () => {} }
}
journalContract('file', () => newFile())
journalContract('file, written anew all the time', () => newFile({ deadBytesMax: 0 }))

test('a journal is readable by its owner alone, and leaves nothing beside itself when it is closed', async () => {
  const file = await place()
  const bytes = await write(file, sampleEntries)
  expect(bytes).toEqual(Buffer.from(writtenIn(sampleEntries)))
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(dirname(file))).toEqual([basename(file)])
})

test('the golden files of every format open, with what they hold, and are of the newest from then on', async () => {
  for (const [format, entries] of [
    [1, sampleEntries1],
    [2, sampleEntries],
    [3, sampleEntries],
  ] as const) {
    const file = await place()
    const golden = join(import.meta.dirname, `../../test/golden/formats/journal-${format}.journal`)
    await writeFile(file, await readFile(golden))
    expect(await stateOf(file)).toEqual(foldJournal(entries))
    expect((await readFile(file))[11]).toBe(3)
    expect(await stateOf(file)).toEqual(foldJournal(entries))
  }
})

test('every prefix of the file opens as some prefix of the entries, says what was cut, and goes on from there', async () => {
  const file = await place()
  const bytes = await write(file, sampleEntries)
  const prefixes = Array.from({ length: sampleEntries.length + 1 }, (_, n) => sampleEntries.slice(0, n))
  for (let length = 0; length <= bytes.length; length++) {
    await writeFile(file, bytes.subarray(0, length))
    const whole = prefixes.findLast((entries) => writtenIn(entries).length <= length) ?? []
    const header = encodeJournal([]).length
    // A mark may be whole before the first entry is.
    const offset =
      length < header ? 0 : length < header + markBytes ? header : Math.max(writtenIn(whole).length, header + markBytes)
    const journal = await openJournal(file)
    expect(journal.state).toEqual(foldJournal(whole))
    expect(journal.cut).toEqual(offset === length ? undefined : { offset, bytes: length - offset })
    journal.append({ kind: 'highest', number: 77 })
    await journal.close()
    const appended = new ByteWriter(64)
    encodeEntry(appended, { kind: 'mark', offset: Math.max(offset, header) })
    encodeEntry(appended, { kind: 'highest', number: 77 })
    const kept = length < header ? Buffer.from(encodeJournal([])) : bytes.subarray(0, offset)
    expect(await readFile(file)).toEqual(Buffer.concat([kept, appended.bytes.subarray(0, appended.position)]))
  }
})

test('a damaged file, another file and a newer format are named, and left as they are', async () => {
  const file = await place()
  const damaged = encodeJournal(sampleEntries)
  damaged[100] = (damaged[100] as number) ^ 1
  const newer = encodeJournal(sampleEntries)
  newer[11] = 4
  const letter = Buffer.from('Dear Alice, this is a letter.')
  for (const [bytes, code, words] of [
    [damaged, 'journal-damaged', /the record at byte \d+ does not match its checksum/],
    [letter, 'journal-damaged', /is no Oncewire journal/],
    [newer, 'journal-format', /format 4, and this version reads formats 1 to 3/],
  ] as const) {
    await writeFile(file, bytes)
    const error = await failureOf(file)
    expect(error).toMatchObject({ code, executed: 'never' })
    expect(error.message).toMatch(words)
    expect(error.message).toContain(file)
    expect(await readFile(file)).toEqual(Buffer.from(bytes))
    expect(await readdir(dirname(file))).toEqual([basename(file)])
  }
})

test('a folder that does not exist, and a folder in place of the file', async () => {
  const file = await place()
  const error = await failureOf(join(file, 'x', 'y'))
  expect(error).toMatchObject({ code: 'journal-failed', executed: 'never' })
  expect(error.message).toContain(`the folder ${join(file, 'x')} does not exist`)
  await mkdir(file)
  expect(await failureOf(file)).toMatchObject({ code: 'journal-failed', executed: 'never' })
})

/** A call that is over, as three entries. */
const finished = (number: number): JournalEntry[] => [
  {
    kind: 'begun',
    number,
    call: { method: 'm', delivery: 'exactly-once', payload: new Uint8Array(20), idempotencyKey: undefined },
  },
  { kind: 'ended', number, outcome: { kind: 'reply', bytes: new Uint8Array(20) } },
  { kind: 'handed-over', number },
]

test('written anew, a journal is shorter and says the same; a crash at any byte of that leaves the old one', async () => {
  const file = await place()
  const entries = [...sampleEntries, ...finished(6), ...finished(7), ...finished(8)]
  const state = foldJournal(entries)
  const old = await write(file, entries)
  expect(await stateOf(file, { deadBytesMax: 100 })).toEqual(state)
  const anew = await readFile(file)
  expect(anew.length).toBeLessThan(old.length - 100)
  expect(anew).toEqual(Buffer.from(encodeJournal(new JournalFold(entries).entries())))
  for (let length = 0; length <= anew.length; length++) {
    await writeFile(file, old)
    await writeFile(`${file}.rewriting`, anew.subarray(0, length))
    expect(await stateOf(file)).toEqual(state)
    expect(await readFile(file)).toEqual(old)
    expect(await readdir(dirname(file))).toEqual([basename(file)])
  }
})

test('a journal that cannot be written anew goes on in the old file', async () => {
  const file = await place()
  const old = await write(file, finished(1))
  const journal = await openJournal(file, { deadBytesMax: 0 })
  await mkdir(`${file}.rewriting`)
  for (const entry of sampleEntries) journal.append(entry)
  await journal.close()
  await rm(`${file}.rewriting`, { recursive: true })
  expect(await stateOf(file)).toEqual(foldJournal([...finished(1), ...sampleEntries]))
  expect((await readFile(file)).length).toBeLessThan(old.length + writtenIn(sampleEntries).length)
})

test('a journal of finished calls stays small, and forgets nothing that matters', async () => {
  const file = await place()
  const journal = await openJournal(file)
  for (const entry of sampleEntries) journal.append(entry)
  let longest = 0
  for (let round = 0; round < 20; round++) {
    const durable = new Promise<void>((resolve) => {
      journal.onDurable = (count) => {
        if (count === sampleEntries.length + (round + 1) * 6000) resolve()
      }
    })
    for (let n = 0; n < 2000; n++) for (const entry of finished(100 + round * 2000 + n)) journal.append(entry)
    await durable
    longest = Math.max(longest, (await stat(file)).size)
  }
  await journal.close()
  expect(longest).toBeLessThan(3 << 20)
  expect(await stateOf(file)).toEqual({ ...foldJournal(sampleEntries), highest: 40_099 })
}, 60_000)

const importJournal = `const { openJournal } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'file-journal.ts')).href)})`
const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e']

/** What the killed child appends: every tenth call stays open. */
function* story(): Generator<JournalEntry> {
  for (let number = 1; ; number++) {
    const entries = finished(number)
    yield* number % 10 === 0 ? entries.slice(0, 1) : entries
  }
}

test('kill -9 while appending, again and again: all that was durable is there, and nothing that was not appended', async () => {
  const file = await place()
  const script = `${importJournal}
    const finished = ${finished.toString()}
    const story = ${story.toString()}
    const journal = await openJournal(process.argv[1], { deadBytesMax: 20_000 })
    const from = Number(process.argv[2])
    journal.onDurable = (count) => process.stdout.write(from + count + '\\n')
    const entries = story()
    for (let n = 0; n < from; n++) entries.next()
    setInterval(() => { for (let n = 0; n < 25; n++) journal.append(entries.next().value) })`
  let from = 0
  for (let round = 0; round < 3; round++) {
    const [command = '', ...options] = node
    const child = spawn(command, [...options, script, file, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.length > 500 * (round + 1)) child.kill('SIGKILL')
    })
    expect(await exited).toEqual([null, 'SIGKILL'])
    const durable = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1))
    expect(durable).toBeGreaterThan(from)
    const state = await stateOf(file)
    // Some prefix of the story, no shorter than what was durable.
    const fold = new JournalFold([])
    let length = 0
    for (const entry of story()) {
      if (length >= durable && fold.state.highest === state.highest && isDeepStrictEqual(fold.state, state)) break
      if (length > durable + 100_000) expect.fail(`round ${round}: the journal is no prefix of what was appended`)
      fold.add(entry)
      length++
    }
    from = length
  }
}, 60_000)

test('no room left: told once, nothing is acknowledged afterwards, and what was acknowledged is there', async () => {
  const file = await place()
  const script = `${importJournal}
    const journal = await openJournal(process.argv[1])
    const told = { durable: 0, failures: [] }
    journal.onDurable = (count) => { told.durable = count }
    journal.onFailed = ({ code, executed, cause }) => told.failures.push([code, executed, cause.code, told.durable])
    for (let number = 1; number <= 1000; number++) {
      journal.append({ kind: 'highest', number })
      if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await journal.close()
    console.log(JSON.stringify(told))`
  // Files may have 8 KiB and no more; so no file of tsx's own may be written.
  const child = spawn('bash', ['-c', 'ulimit -f 8; exec "$@"', 'bash', ...node, script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  expect(await once(child, 'close')).toEqual([0, null])
  const { durable, failures } = JSON.parse(said) as { durable: number; failures: unknown[] }
  expect(durable).toBeGreaterThan(100)
  expect(durable).toBeLessThan(1000)
  expect(failures).toEqual([['journal-failed', 'unknown', 'EFBIG', durable]])
  expect((await stateOf(file)).highest).toBeGreaterThanOrEqual(durable)
}, 60_000)
