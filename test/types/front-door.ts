/**
 * Goal: the public types say yes and no where users expect it. Method: compiled, never run (`npm run check`), with
 * exactOptionalPropertyTypes on and off; every `@ts-expect-error` must be one.
 */
import { randomUUID } from 'node:crypto'
import {
  type Channel,
  connect,
  type ConnectOptions,
  createServer,
  DeclaredException,
  external,
  type Handlers,
  OncewireError,
  type Call,
  type TxCall,
} from 'oncewire'
import { postgres, type PostgresTx } from 'oncewire/postgres'
import { sqlite, type SqliteTx } from 'oncewire/sqlite'
import pg from 'pg'
import { Bank, Entry, InsufficientFunds, Kind } from '../golden/generated/bank.ts'
import { Color, type Kitchen, NotFound, type Payment, type Tree } from '../golden/generated/kitchen.ts'
import * as shared from '../golden/generated/shared.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => {}

// --- data
const entry: Entry = { cents: 1n, kind: Kind.DEBIT, atMs: 0 }
const maybe: string | undefined = entry.note
export const withNote: Entry = { ...entry, note: maybe }
// @ts-expect-error i64 is bigint
export const wrong1: Entry = { cents: 1, kind: Kind.DEBIT, atMs: 0 }
// @ts-expect-error required field absent
Entry.create({ atMs: 0 })
same<ReturnType<typeof Entry.create>, Entry>(true)
Entry.create({ cents: 1n, atMs: 0 })
// @ts-expect-error readonly
entry.cents = 2n
// @ts-expect-error a number that no member has
export const k1: Kind = 7
export const k2: Kind = 7 as Kind
export function kindName(kind: Kind): string {
  switch (kind) {
    case Kind.DEBIT:
      return 'debit'
    case Kind.CREDIT:
      return 'credit'
    default:
      return `kind ${kind + 0}`
  }
}
export function pay(payment: Payment): bigint | string {
  switch (payment.kind) {
    case 'card':
      return payment.value
    case 'cash':
      return payment.value
    case 'tree':
      return payment.value.id
    case 'unknown':
      return `field ${payment.id}`
  }
}
// @ts-expect-error two arms at once
export const p1: Payment = { kind: 'cash', value: 'x' }
export const t1: Tree = { id: randomUUID(), kids: [], named: new Map(), tags: new Set(), data: Buffer.from('x') }
// @ts-expect-error no uuid
export const t2: Tree = { ...t1, id: 'nope' }
// @ts-expect-error readonly array
t1.kids.push(t1)
export const sum: Color = Color.GREEN

// --- client
const channel = await connect('tcp://x:1')
const bank = channel.client(Bank)
same<typeof bank, Bank>(true)
const left = await bank.debit('alice', 5n, { deadlineMs: 5, signal: undefined, idempotencyKey: 'a' })
same<typeof left, bigint>(true)
await bank.debit('alice', 5n, { signal: new AbortController().signal })
// @ts-expect-error too few arguments
await bank.debit('alice', { deadlineMs: 5 })
// @ts-expect-error number for an i64
await bank.debit('alice', 5)
// @ts-expect-error misspelt option
await bank.balance('alice', { deadlineMS: 3 })
// @ts-expect-error recovery needs a journal
export const noRecovery = channel.recovered
const journalled = await connect('tcp://x:1', { journal: './j' })
for await (const { xid, outcome } of journalled.recovered)
  if (outcome.kind === 'failure') console.log(xid, outcome.error.executed)
same<Awaited<ReturnType<Kitchen['getStruct']>>, shared.SharedStruct>(true)

// --- without generated code
const dynamic = await connect('tcp://x:1', { idl: 'bank.thrift' })
try {
  const answer = await dynamic.call('Bank.debit', { account: 'alice', cents: 5n }, { idempotencyKey: 'a' })
  same<typeof answer, unknown>(true)
  await channel.call('Bank.ping')
  // @ts-expect-error arguments have names
  await channel.call('Bank.debit', 'alice', 5n)
} catch (error) {
  if (error instanceof DeclaredException && 'fields' in error) console.log(error.name, error.fields)
}

// --- to servers that are not ours
const plain = await connect('tcp://x:1', { framing: 'header', codec: 'compact', multiplexed: true, token: 't' })
same<typeof plain, Channel>(true)
await connect('http://x/thrift', { codec: 'json', deadlineMs: 5, multiplexed: undefined })
await connect(['tcp://x:1', 'tcp://y:1'], { framing: 'framed', journal: undefined })
declare const options: ConnectOptions
same<Awaited<ReturnType<typeof connect>>, Channel>(true)
await connect('tcp://x:1', options)
// @ts-expect-error a server that is not ours cannot be asked what became of a journalled call
await connect('tcp://x:1', { framing: 'framed', journal: './j' })
// @ts-expect-error nothing is sent again
await connect('tcp://x:1', { framing: 'unframed', retransmission: { attemptMs: 5 } })
// @ts-expect-error no such framing
await connect('tcp://x:1', { framing: 'boxed' })
// @ts-expect-error no such codec
await connect('tcp://x:1', { framing: 'framed', codec: 'xml' })
// @ts-expect-error no recovery without a journal
export const noRun = plain.run

// --- errors
try {
  await bank.note('x')
} catch (error) {
  if (error instanceof InsufficientFunds) same<typeof error.balance, bigint>(true)
  else if (error instanceof NotFound) same<typeof error.code, number>(true)
  else if (error instanceof DeclaredException) throw error
  else if (error instanceof OncewireError) {
    if (error.code === 'deadline' && error.executed === 'unknown') console.log(await error.resolved)
    // @ts-expect-error a code nobody has
    if (error.code === 'timeout') console.log()
  }
}

// --- server
const ledger = await sqlite('bank.db')
const handlers: Handlers<Bank, SqliteTx> = {
  balance: () => 0n,
  history: async () => [entry],
  debit(account, cents, call) {
    same<typeof account, string>(true)
    same<typeof cents, bigint>(true)
    same<typeof call, TxCall<SqliteTx>>(true)
    return cents
  },
  note() {},
  dispense: external({
    prepare: () => 5n,
    perform: (_atm, cents, call) => cents + call.evidence,
    reconcile: (_a, _c, call) => {
      same<typeof call.evidence, bigint>(true)
      return { executed: 'unknown' }
    },
  }),
}
const server = createServer({ ledger }).add(Bank, handlers)
// @ts-expect-error a handler is missing
server.add(Bank, { balance: () => 0n, history: () => [], note() {}, dispense: handlers.dispense })
// @ts-expect-error misspelt
server.add(Bank, { ...handlers, debitt: () => 0n })
// @ts-expect-error wrong result
server.add(Bank, { ...handlers, debit: () => 5 })
// @ts-expect-error an external effect needs reconcile
server.add(Bank, { ...handlers, dispense: external({ perform: () => 0n }) })
server.add(Bank, {
  ...handlers,
  note(_line, call) {
    // @ts-expect-error tx only where the record commits
    call.tx.run('x')
  },
})
// @ts-expect-error a SQLite transaction cannot wait
server.add(Bank, { ...handlers, debit: async (_account: string, cents: bigint) => cents })
// @ts-expect-error no ledger
createServer().add(Bank, handlers)
createServer().add(shared.SharedService, { getStruct: (key) => ({ key, value: '' }) })
class Accounts implements Handlers<Bank, SqliteTx> {
  readonly #log: string[] = []
  balance(): bigint {
    return 0n
  }
  async history(): Promise<Entry[]> {
    return []
  }
  debit(account: string, cents: bigint, call: TxCall<SqliteTx>): bigint {
    call.tx.run('x', account)
    this.#log.push(account)
    return cents
  }
  note(line: string): void {
    this.#log.push(line)
  }
  readonly dispense = external<[atm: string, cents: bigint], bigint>({
    perform: (_atm, cents) => cents,
    reconcile: () => ({ executed: 'never' }),
  })
}
server.add(Bank, new Accounts())
const audit = (call: Call | TxCall<SqliteTx>): string => call.xid
server.add(Bank, {
  ...handlers,
  debit: (_a, cents, call) => (audit(call), cents),
  note: (_l, call) => void audit(call),
})

// --- PostgreSQL
const shared_ = await postgres('postgres://bank@localhost/bank', { schema: 'x', window: undefined })
await postgres(new pg.Pool({ max: 5 }))
const onPostgres: Handlers<Bank, PostgresTx> = {
  ...handlers,
  async debit(account, cents, call) {
    same<typeof call, TxCall<PostgresTx>>(true)
    const [row] = await call.tx.query<{ cents: bigint }>('SELECT cents FROM account WHERE name = $1', [account])
    return (row?.cents ?? 0n) - cents
  },
}
createServer({ ledger: shared_ }).add(Bank, onPostgres)
// @ts-expect-error handlers written for PostgreSQL
server.add(Bank, onPostgres)
createServer({ ledger: shared_ }).add(Bank, {
  ...handlers,
  // @ts-expect-error a handler written for SQLite
  debit: (a, c, call: TxCall<SqliteTx>) => (call.tx.run(a), c),
})

/** Another ledger's transaction. */
interface OtherTx {
  query(sql: string): Promise<unknown[]>
}
declare const other: Handlers<Bank, OtherTx>
// @ts-expect-error handlers written for another ledger
server.add(Bank, other)
