/**
 * Goal: bad input gets a clear error, harms no other call, and loses nothing that was acknowledged.
 * Method: a real bank over TCP and SQLite; beside each bad thing a good client makes calls all the while.
 */
import { once } from 'node:events'
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import { Calculator } from '../examples/calc/gen/calc.ts'
import { connect, createServer, OncewireError } from '../src/index.ts'
import { sqlite } from '../src/ledger/sqlite.ts'
import { connected, runBank, temporaryFolder } from './support/bank.ts'

/** The error of a call that must fail. */
async function failureOf(call: Promise<unknown>): Promise<OncewireError> {
  const error = await call.then(
    (value) => expect.fail(`answered ${String(value)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OncewireError)
  return error as OncewireError
}

async function rawSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connectSocket(Number(port), hostname)
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

const preface = [0xd7, 0x4f, 0x57, 0x01]

describe('wrong calls', () => {
  test('a service that the server does not offer', async () => {
    const { url } = await runBank()
    const channel = await connected(url)
    const error = await failureOf(channel.client(Calculator).add(3, 5))
    expect(error).toMatchObject({ code: 'unknown-service', executed: 'never' })
    expect(error.message).toContain('Bank')
  })

  test('a method that the server does not have, called under each delivery', async () => {
    const { url } = await runBank()
    const channel = await connected(url)
    for (const delivery of ['at-least-once', 'at-most-once', 'exactly-once'] as const) {
      const newer = { name: 'Bank', methods: { debitt: { delivery, arguments: {} } } } as const
      const client = channel.client<{ debitt(): Promise<void> }>(newer)
      const error = await failureOf(client.debitt())
      expect(error).toMatchObject({ code: 'unknown-method', executed: 'never' })
      expect(error.message).toContain('debit')
    }
  })

  test('an argument of the wrong type is refused before anything is sent, and names itself', async () => {
    const { url } = await runBank()
    const bank = (await connected(url)).client(Bank)
    const error = await failureOf(bank.debit('alice', 5 as unknown as bigint))
    expect(error).toMatchObject({ code: 'invalid-argument', executed: 'never', attempts: 0 })
    expect(error.message).toMatch(/Bank\.debit.*cents/)
  })

  test('too few arguments, an empty key, a key where it cannot be honoured', async () => {
    const { url } = await runBank()
    const bank = (await connected(url)).client(Bank)
    const short = bank.debit as unknown as (account: string) => Promise<bigint>
    expect(await failureOf(short('alice'))).toMatchObject({ code: 'invalid-argument', executed: 'never' })
    expect(await failureOf(bank.deposit('alice', 1n, { idempotencyKey: '' }))).toMatchObject({
      code: 'idempotency-key-too-long',
    })
    expect(await failureOf(bank.note('x', { idempotencyKey: 'k' }))).toMatchObject({
      code: 'key-needs-ledger',
      executed: 'never',
    })
  })

  test('client and server disagree about the delivery', async () => {
    const { url } = await runBank()
    const other = { name: 'Bank', methods: { note: { delivery: 'exactly-once', arguments: {} } } } as const
    const client = (await connected(url)).client<{ note(): Promise<void> }>(other)
    expect(await failureOf(client.note())).toMatchObject({ code: 'delivery-differs', executed: 'never' })
  })
})

describe('wrong bytes', () => {
  const peers: Record<string, readonly number[]> = {
    'garbage from the first byte': Array.from({ length: 300 }, (_, i) => (i * 37 + 11) & 0xff),
    'the preface, then garbage': [...preface, ...Array.from({ length: 300 }, (_, i) => (i * 91 + 5) & 0xff)],
    'a frame over the limit': [...preface, 0x7f, 0xff, 0xff, 0xff, 3],
    'an empty frame': [...preface, 0, 0, 0, 0],
    'a frame of an unknown kind': [...preface, 0, 0, 0, 2, 99, 1],
    'a truncated call': [...preface, 0, 0, 0, 5, 3, 0, 0, 0, 0],
  }
  for (const [name, bytes] of Object.entries(peers)) {
    test(`${name} ends that connection and no other`, async () => {
      const { url } = await runBank()
      const bank = (await connected(url)).client(Bank)
      await bank.deposit('alice', 100n)
      const socket = await rawSocket(url)
      const closed = once(socket, 'close')
      socket.resume()
      socket.write(Uint8Array.from(bytes))
      await closed
      expect(await bank.debit('alice', 30n)).toBe(70n)
    })
  }

  test('half a frame and silence is closed after frameMs, and meanwhile others are served', async () => {
    const { url } = await runBank({ limits: { frameMs: 200 } })
    const socket = await rawSocket(url)
    const closed = once(socket, 'close')
    socket.resume()
    socket.write(Uint8Array.from([...preface, 0, 0, 1, 0, 3, 0, 0]))
    const bank = (await connected(url)).client(Bank)
    expect(await bank.deposit('alice', 100n)).toBe(100n)
    await closed
    expect(await bank.balance('alice')).toBe(100n)
  })

  test('an argument larger than a frame is refused by the client, and the connection lives on', async () => {
    const { url } = await runBank()
    const bank = (await connected(url, { limits: { frameBytesMax: 100_000 } })).client(Bank)
    expect(await failureOf(bank.note('x'.repeat(200_000)))).toMatchObject({
      code: 'frame-too-large',
      executed: 'never',
    })
    await bank.note('short')
  })
})

describe('wrong addresses', () => {
  test('nobody listens there', async () => {
    const error = await failureOf(connect('tcp://127.0.0.1:1', { connectMs: 300 }))
    expect(error).toMatchObject({ code: 'unavailable', executed: 'never' })
    expect(error.message).toContain('127.0.0.1:1')
  })

  test('no URL, or one of another protocol', async () => {
    for (const target of ['localhost:9090', 'ftp://x', '']) {
      expect(await failureOf(connect(target))).toMatchObject({ code: 'invalid-target', executed: 'never' })
    }
  })

  test('a port that is taken', async () => {
    const { url } = await runBank()
    const error = await failureOf(createServer().listen(url))
    expect(error).toMatchObject({ code: 'listen-failed', executed: 'never' })
    expect(error.message).toContain(new URL(url).port)
  })
})

describe('wrong files', () => {
  test('a ledger that is not a database is named and left as it was', async () => {
    const file = join(await temporaryFolder(), 'letter.txt')
    await writeFile(file, 'Dear Alice, '.repeat(1000))
    const error = await failureOf(sqlite(file))
    expect(error).toMatchObject({ code: 'ledger-unusable', executed: 'never' })
    expect(error.message).toContain(file)
    expect((await readFile(file, 'utf8')).startsWith('Dear Alice')).toBe(true)
  })

  test('a journal that is none is named and left as it was', async () => {
    const { url, folder } = await runBank()
    const file = join(folder, 'letter.txt')
    await writeFile(file, 'Dear Alice, '.repeat(10))
    const error = await failureOf(connect(url, { journal: file }))
    expect(error).toMatchObject({ code: 'journal-damaged', executed: 'never' })
    expect(error.message).toContain(file)
    expect((await stat(file)).size).toBe(120)
  })

  test('a journal cut in the middle of a record opens with what came before, and the session goes on', async () => {
    const { url, folder, ledger } = await runBank()
    const journal = join(folder, 'client.journal')
    const first = await connect(url, { journal })
    await first.client(Bank).deposit('alice', 100n)
    await first.close({ drainMs: 1000 })
    await appendFile(journal, Uint8Array.from([0, 0, 0, 50, 1, 2, 3])) // a record that was being written when the power went
    const second = await connect(url, { journal })
    onTestFinished(() => second.close())
    expect(await second.client(Bank).debit('alice', 30n)).toBe(70n)
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(70n)
  })

  test('a journal that lost acknowledged records is found out, not believed', async () => {
    const { url, folder, ledger } = await runBank()
    const journal = join(folder, 'client.journal')
    const first = await connect(url, { journal })
    const bank = first.client(Bank)
    await bank.deposit('alice', 100n)
    const { size } = await stat(journal)
    for (let i = 0; i < 5; i++) await bank.deposit('alice', 1n)
    await first.close({ drainMs: 1000 })
    await truncate(journal, size + 3)
    const outcome = await connect(url, { journal })
      .then(async (channel) => {
        onTestFinished(() => channel.close())
        return channel.client(Bank).deposit('alice', 1n)
      })
      .catch((error: unknown) => error)
    // Either the ledger had forgotten the acknowledged calls and the session goes on, or it says that the journal is old.
    if (outcome instanceof OncewireError) expect(outcome.code).toBe('journal-behind')
    else expect(outcome).toBe(106n)
    expect(ledger.get<{ cents: bigint }>('SELECT cents FROM account')?.cents).toBe(
      outcome instanceof OncewireError ? 105n : 106n,
    )
  })

  test('one journal, two living processes', async () => {
    const { url, folder } = await runBank()
    const journal = join(folder, 'client.journal')
    const first = await connect(url, { journal })
    onTestFinished(() => first.close())
    const error = await failureOf(connect(url, { journal }))
    expect(error).toMatchObject({ code: 'journal-locked', executed: 'never' })
    expect(error.message).toContain(String(process.pid))
  })
})
