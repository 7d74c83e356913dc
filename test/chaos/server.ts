/**
 * A server of the chaos run, a process of its own: `node server.js ORDERS`. Killed at random and started again on the same
 * port, ledger and name. Ends when its standard input does.
 */
import { join } from 'node:path'
import { createServer, external, type Handlers } from 'oncewire'
import { postgres, type PostgresTx } from 'oncewire/postgres'
import { sqlite, type SqliteTx } from 'oncewire/sqlite'
import { Chaos, Short } from './gen/chaos.ts'
import { accounts } from './plan.ts'
import { Tape } from './tape.ts'

export interface ServerOrders {
  readonly name: string
  readonly port: number
  /** Holds the tapes, and the database of SQLite. */
  readonly folder: string
  /** Absent: SQLite. */
  readonly postgres?: string
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ServerOrders
const { name: server } = orders
const counted = new Tape(join(orders.folder, 'counted.tape'))
const paid = new Tape(join(orders.folder, 'paid.tape'))
process.stdin.on('end', () => process.exit()).resume()

const made = (): number => Math.floor(Math.random() * 2 ** 48)
const effect = (tag: string, xid: string): Parameters<Tape['append']>[0] => ({
  ...{ tag, xid, server },
  answer: made(),
  atMs: Date.now(),
})
function onTape(tape: Tape, tag: string, xid: string): bigint {
  const line = effect(tag, xid)
  tape.append(line)
  return BigInt(line.answer)
}

const outside: Pick<Handlers<Chaos>, 'count' | 'put' | 'dispense'> = {
  count: (tag, { xid }) => onTape(counted, tag, xid),
  put: (tag, { xid }) => onTape(counted, tag, xid),
  dispense: external<[tag: string], bigint>({
    perform: (tag, { xid }) => onTape(paid, tag, xid),
    reconcile(tag) {
      const answer = paid.find(tag)
      return answer === undefined ? { executed: 'never' } : { executed: 'once', result: BigInt(answer) }
    },
  }),
}

const inserted = 'INSERT INTO effect (tag, answer, server, xid, at_ms, source, target, cents)'
const moved = 'UPDATE account SET cents = cents +'

/** What an order moves. */
const besideIt = (account: number): readonly [number, number, bigint] => [account, 1 + (account % (accounts - 1)), 1n]

/** Fails as the tag says, or as the account does: what was done before must be undone. */
function end(tag: string, balance: bigint, answer: number): bigint {
  if (balance < 0n) throw new Short({ balance })
  if (tag.endsWith('!')) throw new Error('as the tag wants it')
  return BigInt(answer)
}

async function onSqlite(): Promise<(url: string) => Promise<{ readonly url: string }>> {
  const ledger = await sqlite(join(orders.folder, 'chaos.db'))
  const balanceOf = (db: Pick<SqliteTx, 'get'>, account: number): bigint =>
    db.get<{ cents: bigint }>('SELECT cents FROM account WHERE name = ?', account)?.cents ?? 0n
  const write = (
    tx: SqliteTx,
    { xid, tag }: { xid: string; tag: string },
    move: readonly [number, number, bigint],
  ): number => {
    const { answer, atMs } = effect(tag, xid)
    const [source, target, cents] = move
    tx.run(`${inserted} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, tag, answer, server, xid, atMs, source, target, cents)
    tx.run(`${moved} ? WHERE name = ?`, -cents, source)
    tx.run(`${moved} ? WHERE name = ?`, cents, target)
    return answer
  }
  const served = createServer({ ledger, name: server, log })
  served.add(Chaos, {
    ...outside,
    balance: (account) => balanceOf(ledger, account),
    transfer(source, target, cents, tag, { tx, xid }) {
      const answer = write(tx, { xid, tag }, [source, target, cents])
      return end(tag, balanceOf(tx, source), answer)
    },
    order: (account, tag, { tx, xid }) => BigInt(write(tx, { xid, tag }, besideIt(account))),
  })
  return (url) => served.listen(url)
}

async function onPostgres(url: string): Promise<(url: string) => Promise<{ readonly url: string }>> {
  const ledger = await postgres(url, { connectionsMax: 14 })
  const write = async (
    tx: PostgresTx,
    { xid, tag }: { xid: string; tag: string },
    [source, target, cents]: readonly [number, number, bigint],
  ): Promise<{ readonly answer: number; readonly balance: bigint }> => {
    const { answer, atMs } = effect(tag, xid)
    await tx.query(`${inserted} VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [
      ...[tag, answer, server, xid, atMs],
      ...[source, target, cents],
    ])
    // In this order two of them may deadlock; then one begins again.
    let balance = 0n
    for (const [account, change] of [[source, -cents] as const, [target, cents] as const]) {
      const [row] = await tx.query<{ cents: bigint }>(`${moved} $2 WHERE name = $1 RETURNING cents`, [account, change])
      if (account === source) balance = row?.cents ?? 0n
    }
    return { answer, balance }
  }
  const served = createServer({ ledger, name: server, log })
  served.add(Chaos, {
    ...outside,
    async balance(account) {
      const [row] = await ledger.query<{ cents: bigint }>('SELECT cents FROM account WHERE name = $1', [account])
      return row?.cents ?? 0n
    },
    async transfer(source, target, cents, tag, { tx, xid }) {
      const { answer, balance } = await write(tx, { xid, tag }, [source, target, cents])
      return end(tag, balance, answer)
    },
    async order(account, tag, { tx, xid }) {
      const { answer } = await write(tx, { xid, tag }, besideIt(account))
      return BigInt(answer)
    },
  })
  return (address) => served.listen(address)
}

/** What the run provokes all the time is not worth a line. */
function log(message: string, error: unknown): void {
  if (error instanceof Error && error.message === 'as the tag wants it') return
  process.stderr.write(`${new Date().toISOString()} ${server} ${message} ${String(error).slice(0, 300)}\n`)
}

const listen = orders.postgres === undefined ? await onSqlite() : await onPostgres(orders.postgres)
const { url } = await listen(`tcp://127.0.0.1:${orders.port}`)
console.log(url)
