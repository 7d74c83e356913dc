/**
 * Goal: who has no generated code calls as well as who has: by an IDL file, or by what the server tells of itself; and a
 * server tells it to nobody who did not ask, and to nobody who may not call. Method: real servers and clients over TCP, in
 * sessions of ours and in stock framings.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Bank } from '../examples/bank/gen/bank.ts'
import { OncewireReflection } from '../src/driver/gen/oncewire-reflection.ts'
import { catalogOf } from '../src/driver/idl-disk.ts'
import { DynamicException } from '../src/dynamic/exception.ts'
import {
  connect,
  type ConnectOptions,
  createServer,
  DeclaredException,
  OncewireError,
  type ServerOptions,
} from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { Kitchen, NotFound } from './golden/generated/kitchen.ts'
import { connected, runBank, temporaryFolder } from './support/bank.ts'

const bankIdl = join(import.meta.dirname, '../examples/bank/bank.thrift')

async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.catch((thrown: unknown) => thrown)
  return error instanceof Error ? error : expect.fail('it succeeded')
}

/** Of a kitchen, whose service and types lie in two files. */
async function runKitchen(): Promise<string> {
  const server = createServer({ ledger: memoryLedger(), log: () => {} })
  onTestFinished(() => server.close())
  server.add(
    Kitchen as never,
    {
      getStruct: (key: number) => ({ key, value: `value ${key}` }),
      zip: () => {},
      find: (id: string, where: ReadonlyMap<string, readonly string[]>) => [
        { ...leaf, id, tags: new Set(where.keys()) },
      ],
      pay: () => {
        throw new NotFound({ message: 'no such card', code: 7 })
      },
      tune: () => Uint8Array.of(1, 2),
    } as never,
  )
  return (await server.listen('tcp://127.0.0.1:0')).url
}
const leaf = { kids: [], named: new Map(), data: new Uint8Array(), buckets: new Map() }

/** A bank in which alice has 5,000 cents. */
async function richBank(options: ServerOptions = {}): Promise<string> {
  const { url, ledger } = await runBank(options)
  ledger.run("INSERT INTO account VALUES ('alice', 5000)")
  return url
}

const ways: readonly (readonly [string, ConnectOptions])[] = [
  ['what the server tells, in sessions', {}],
  ['what the server tells, framed', { framing: 'framed' }],
  ['what the server tells, unframed and compact', { framing: 'unframed', codec: 'compact' }],
  ['what the server tells, THeader, multiplexed', { framing: 'header', multiplexed: true }],
  ['an IDL file, in sessions', { idl: bankIdl }],
  ['an IDL file, framed, in JSON', { idl: bankIdl, framing: 'framed', codec: 'json' }],
]

describe.each(ways)('by %s', (_, options) => {
  let url: string
  beforeEach(async () => {
    url = await richBank()
  })

  test('a call answers what generated code would answer', async () => {
    const channel = await connected(url, options)
    expect(await channel.call('Bank.debit', { cents: 1000n, account: 'alice' })).toBe(4000n)
    expect(await channel.call('Bank.balance', { account: 'alice' })).toBe(await channel.client(Bank).balance('alice'))
    expect(await channel.call('Bank.note', { line: 'closed' })).toBeUndefined()
  })

  test('a declared exception has its name and its fields', async () => {
    const channel = await connected(url, options)
    const error = await errorOf(channel.call('Bank.debit', { account: 'alice', cents: 9999n }))
    expect(error).toBeInstanceOf(DeclaredException)
    expect(error).toBeInstanceOf(DynamicException)
    expect(error).toMatchObject({ name: 'InsufficientFunds', message: 'balance 5000', fields: { balance: 5000n } })
  })

  test.each([
    ['Bnak.debit', {}, 'unknown-service', /has no service "Bnak"\. Did you mean "Bank"\?/],
    ['Bank.debti', {}, 'unknown-method', /Bank has no method "debti"\. Did you mean "debit"\?/],
    ['debit', {}, 'invalid-argument', /"debit" names no method: write Service\.method/],
    ['Bank.debit', { acount: 'alice' }, 'invalid-argument', /no argument "acount"\. Did you mean "account"\?/],
    ['Bank.debit', { account: 'alice' }, 'invalid-argument', /Bank\.debit: argument cents is missing/],
    ['Bank.debit', { account: 'alice', cents: 5 }, 'invalid-argument', /argument cents: must be a bigint/],
  ])('%s %j: %s, and nothing was sent', async (method, args, code, message) => {
    const channel = await connected(url, options)
    const error = await errorOf(channel.call(method, args))
    expect(error).toMatchObject({ code, executed: 'never', message: expect.stringMatching(message) })
    expect(await channel.call('Bank.balance', { account: 'alice' })).toBe(5000n)
  })
})

test('types of an included file, inherited methods, sets, maps and bytes', async () => {
  const channel = await connected(await runKitchen())
  expect(await channel.call('Kitchen.getStruct', { key: 7 })).toEqual({ key: 7, value: 'value 7' })
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const [tree] = (await channel.call('Kitchen.find', { id, where: new Map([['x', []]]) })) as [object]
  expect(tree).toEqual({ ...leaf, id, tags: new Set(['x']), next: undefined, color: undefined })
  expect(await channel.call('Kitchen.tune', { options: { key: 1, value: '' } })).toEqual(Uint8Array.of(1, 2))
  expect(await channel.call('Kitchen.zip')).toBeUndefined()
})

test('call options are those of any call', async () => {
  const channel = await connected(await richBank())
  const args = { account: 'alice', cents: 1000n }
  const twice = [1, 2].map(() => channel.call('Bank.debit', args, { idempotencyKey: 'order-42' }))
  expect(await Promise.all(twice)).toEqual([4000n, 4000n])
  const gone = AbortSignal.abort()
  expect(await errorOf(channel.call('Bank.debit', args, { signal: gone }))).toMatchObject({ code: 'cancelled' })
})

describe('the IDL', () => {
  test('of connect is read before anything is connected, and its first error is shown', async () => {
    const folder = await temporaryFolder()
    writeFileSync(join(folder, 'bad.thrift'), 'service S { strng f() }')
    const error = await errorOf(connect('tcp://127.0.0.1:1', { idl: join(folder, 'bad.thrift') }))
    expect(error).toMatchObject({ code: 'idl-invalid', executed: 'never' })
    expect(error.message).toMatch(/bad\.thrift:1:13: error: there is no type "strng".*did you mean string\?/s)
    expect(await errorOf(connect('tcp://127.0.0.1:1', { idl: join(folder, 'none.thrift') }))).toMatchObject({
      code: 'idl-invalid',
      message: expect.stringContaining('none.thrift cannot be read') as string,
    })
  })

  test('knows the calls that a process before this one began', async () => {
    const { url, folder } = await runBank()
    const journal = join(folder, 'client.journal')
    const first = await connect(url, { journal })
    await first.client(Bank).deposit('bob', 1n)
    const open = errorOf(first.client(Bank).deposit('bob', 2n))
    await first.close() // at once: the second call is in the journal, its outcome is not
    await open
    const second = await connect(url, { journal, idl: bankIdl })
    onTestFinished(() => second.close())
    const recovered = []
    for await (const { method, args, outcome } of second.recovered) recovered.push({ method, args, outcome })
    expect(recovered).toContainEqual({
      method: 'Bank.deposit',
      args: ['bob', 2n],
      outcome: { kind: 'result', value: 3n },
    })
  })

  test('is asked for once for each service', async () => {
    const asked: string[] = []
    const server = createServer({ reflection: false })
    onTestFinished(() => server.close())
    const text = 'service A { void f(), void g() }\nservice B { void f() }'
    server.add(OncewireReflection, {
      services: () => [],
      idl(name) {
        asked.push(name)
        return [{ path: 'ab.thrift', includes: new Map(), text }]
      },
    })
    const channel = await connected((await server.listen('tcp://127.0.0.1:0')).url)
    const calls = ['A.f', 'A.g', 'B.f', 'A.f'].map((name) => errorOf(channel.call(name)))
    // It tells of services that it does not have.
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'unknown-service' })
    expect(asked).toEqual(['A', 'B'])
  })
})

describe('what a server tells', () => {
  test('its services in their order, with deliveries and signatures, itself left out', async () => {
    const { url } = await runBank()
    const told = await (await connected(url)).client(OncewireReflection).services()
    expect(told.map(({ name, file }) => [name, file])).toEqual([['Bank', 'bank.thrift']])
    expect(told[0]?.methods.map(({ delivery, signature }) => `${delivery} ${signature}`)).toContain(
      'exactly-once i64 debit(string account, i64 cents) throws InsufficientFunds',
    )
  })

  test('what it is itself, to whom asks for it by name', async () => {
    const { url } = await runBank()
    const told = await (await connected(url)).call('OncewireReflection.services')
    expect(told).toMatchObject([{ name: 'Bank', file: 'bank.thrift' }])
  })

  test('the same to whom has nothing but HTTP', async () => {
    const { url } = await runBank()
    const answer = await fetch(`${url.replace('tcp:', 'http:')}/OncewireReflection/services`, {
      method: 'POST',
      body: '{}',
    })
    expect(await answer.json()).toMatchObject([{ name: 'Bank', file: 'bank.thrift' }])
  })

  test('of a service whose generated code is too old, as far as its table knows', async () => {
    const { idl: _, base: _base, ...kitchen } = Kitchen as unknown as Record<string, unknown>
    const server = createServer()
    onTestFinished(() => server.close())
    const nothing = { zip: () => {}, find: () => {}, pay: () => {}, tune: () => {} }
    const old = kitchen as { readonly methods: Record<string, object> }
    server.add(
      { ...old, methods: { ...old.methods, pay: { ...old.methods['pay'], delivery: 'at-most-once' } } } as never,
      nothing as never,
    )
    const channel = await connected((await server.listen('tcp://127.0.0.1:0')).url)
    const [told] = await channel.client(OncewireReflection).services()
    expect(told?.file).toBeUndefined()
    expect(told?.methods.map(({ signature }) => signature)).toEqual([
      'oneway void zip()',
      'list<Tree> find(uuid id, map<string, list<string>> where)',
      'enum { RED, GREEN, BIG, NEG } pay(Payment how) throws NotFound',
      'binary tune(SharedStruct options)',
    ])
    expect(await errorOf(channel.call('Kitchen.zip'))).toMatchObject({
      code: 'no-idl',
      executed: 'never',
      message: expect.stringContaining('generated by a version of oncewire that did not keep its IDL') as string,
    })
  })

  test('nothing, where it was told not to', async () => {
    const url = await richBank({ reflection: false })
    for (const options of [{}, { framing: 'framed' }] as const) {
      const channel = await connected(url, options)
      expect(await errorOf(channel.call('Bank.balance', { account: 'alice' }))).toMatchObject({
        code: 'no-idl',
        executed: 'never',
        message: expect.stringContaining("connect(url, { idl: 'file.thrift' })") as string,
      })
      expect(await channel.client(Bank).balance('alice')).toBe(5000n)
    }
  })

  test('nothing to whom authenticate does not know', async () => {
    const authenticate = ({ token }: { readonly token: string }): string | undefined =>
      token === 'secret' ? 'me' : undefined
    const { url } = await runBank({ authenticate })
    const stranger = await connected(url, { framing: 'header' })
    expect(await errorOf(stranger.client(OncewireReflection).services())).toMatchObject({ code: 'denied' })
    const friend = await connected(url, { framing: 'header', token: 'secret' })
    expect(await friend.client(OncewireReflection).services()).toHaveLength(1)
  })

  test('nothing to a stock client that asks for a method of the same name', async () => {
    const folder = await temporaryFolder()
    writeFileSync(
      join(folder, 'other.thrift'),
      'service Other { list<string> services(), string idl(1: string service) }',
    )
    const { url } = await runBank()
    const channel = await connected(url, { idl: join(folder, 'other.thrift'), framing: 'framed' })
    expect(await errorOf(channel.call('Other.services'))).toMatchObject({
      code: 'unknown-method',
      message: expect.not.stringContaining('OncewireReflection') as string,
    })
  })
})

test('a service without generated code can be served too, and thrown from', async () => {
  const service = catalogOf(bankIdl).services.get('Bank') ?? expect.fail('no Bank')
  const [, broke] = Object.values(service.methods['debit']?.throws ?? {})[0] ?? expect.fail('it throws nothing')
  const server = createServer({ ledger: (await runBank()).ledger, log: () => {} })
  onTestFinished(() => server.close())
  server.add(
    service as never,
    {
      balance: () => 7n,
      deposit: () => 8n,
      note: () => {},
      debit: () => {
        throw new broke({ balance: 3n } as never)
      },
    } as never,
  )
  const { url } = await server.listen('tcp://127.0.0.1:0')
  const bank = (await connected(url)).client(Bank)
  expect(await bank.balance('alice')).toBe(7n)
  expect(await errorOf(bank.debit('alice', 1n))).toMatchObject({ name: 'InsufficientFunds', balance: 3n })
  expect(await (await connected(url)).call('Bank.balance', { account: 'x' })).toBe(7n)
})

test('a failure of the call says whether it ran, as ever', async () => {
  const { url, server } = await runBank()
  const channel = await connected(url)
  await channel.call('Bank.balance', { account: 'alice' })
  await server.close()
  const error = await errorOf(channel.call('Bank.note', { line: 'x' }, { deadlineMs: 50 }))
  expect(error).toBeInstanceOf(OncewireError)
  expect(error).toMatchObject({ executed: expect.stringMatching(/never|unknown/) as string })
})
