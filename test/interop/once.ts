/**
 * Exactly-once for clients without our code: a peer calls an exactly-once method of our server on a SQLite file, twice,
 * also with the server killed in between, and the file tells what was executed.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'oncewire'
import { Account } from './gen/account.ts'
import { runPeer } from './peer-process.ts'

/** Where the key travels, and how the peer is spoken with. */
export const ways: readonly string[] = [
  'header binary/header',
  'header compact/header-zlib',
  'header json/http',
  'field binary/framed',
  'field compact/unframed',
  'field json/framed',
  'field old-binary/unframed',
  'field compact/http',
]
export const oncePeers: readonly string[] = ['python', 'go']

export interface OnceRow {
  readonly peer: string
  readonly way: string
  readonly case: string
  readonly ok: boolean
  readonly detail: string
}

/** What a peer prints: a result, or the text of a TApplicationException. */
interface Told {
  readonly value?: number
  readonly headers?: Readonly<Record<string, string>> | null
  readonly message?: string
}

interface Answer {
  readonly value: number | undefined
  readonly code: string | undefined
  readonly executed: string | undefined
  readonly isMarkedReplay: boolean
}

/** Every case in each of these ways. */
export async function* runOnce(peer: string, chosen: readonly string[] = ways): AsyncGenerator<OnceRow> {
  const folder = await mkdtemp(join(tmpdir(), 'oncewire-interop-'))
  const bank = new Bank(join(folder, 'account.db'))
  try {
    for (const way of chosen) {
      for (const [name, run] of Object.entries(cases)) {
        const wrong = await run(new Caller(peer, way, bank), bank).catch((error: unknown) => String(error))
        yield { peer, way, case: name, ok: wrong === undefined, detail: wrong ?? '' }
      }
    }
  } finally {
    await bank.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

/** undefined: as it should be. */
type Case = (caller: Caller, bank: Bank) => Promise<string | undefined>

const cases: Readonly<Record<string, Case>> = {
  'one execution, then the replayed reply': async (caller) => {
    const first = await caller.deposit({ key: 'order-1' })
    const second = await caller.deposit({ key: 'order-1' })
    return differ(
      [first.value, second.value, second.isMarkedReplay, await caller.total()],
      [10, 10, caller.tellsReplays, 10],
    )
  },
  'the same with the server killed in between': async (caller, bank) => {
    const first = await caller.deposit({ key: 'order-2' })
    await bank.kill()
    const second = await caller.deposit({ key: 'order-2' })
    return differ(
      [first.value, second.value, second.isMarkedReplay, await caller.total()],
      [10, 10, caller.tellsReplays, 10],
    )
  },
  'another key is another execution': async (caller) => {
    await caller.deposit({ key: 'order-3' })
    const second = await caller.deposit({ key: 'order-4' })
    return differ([second.value, await caller.total()], [20, 20])
  },
  'no key: two executions': async (caller) => {
    await caller.deposit({})
    const second = await caller.deposit({})
    return differ([second.value, await caller.total()], [20, 20])
  },
  'the key with other arguments': async (caller) => {
    await caller.deposit({ key: 'order-5' })
    const second = await caller.deposit({ key: 'order-5', cents: 11 })
    return differ([second.code, second.executed, await caller.total()], ['key-reused', 'never', 10])
  },
  'the key of a call that still runs': async (caller) => {
    const running = caller.call('held', { key: 'order-6' })
    await caller.untilHeld()
    const second = await caller.call('held', { key: 'order-6' })
    await caller.release()
    const first = await running
    const third = await caller.call('held', { key: 'order-6' })
    const got = [second.code, second.executed, first.value, third.value, await caller.total()]
    return differ(got, ['still-running', 'unknown', 10, 10, 10])
  },
}

function differ(got: unknown, wanted: unknown): string | undefined {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  return a === b ? undefined : `got ${a} instead of ${b}`
}

/** The server's process, started when it is needed. */
class Bank {
  private readonly file: string
  private running: { readonly port: number; kill(): Promise<void> } | undefined

  constructor(file: string) {
    this.file = file
  }

  async port(): Promise<number> {
    this.running ??= await startBank(this.file)
    return this.running.port
  }

  /** With SIGKILL: it has no moment left to put anything in order. */
  async kill(): Promise<void> {
    const { running } = this
    this.running = undefined
    await running?.kill()
  }
}

async function startBank(file: string): Promise<{ readonly port: number; kill(): Promise<void> }> {
  const args = ['--import', 'tsx', join(import.meta.dirname, 'account-server.ts'), file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((done) => void child.once('exit', () => done()))
  for await (const line of createInterface(child.stdout)) {
    return {
      port: Number(line),
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }
  throw new Error('the server ended before it listened')
}

/** A peer that calls on one account of its own. */
class Caller {
  private readonly peer: string
  private readonly place: string
  private readonly combination: string
  private readonly bank: Bank
  private readonly account = `account ${++accounts}`

  constructor(peer: string, way: string, bank: Bank) {
    this.peer = peer
    const [place = '', combination = ''] = way.split(' ')
    this.place = place
    this.combination = combination
    this.bank = bank
  }

  /** A process of the peer makes one call; without a key it says nothing of one. */
  async call(method: 'deposit' | 'held', { key, cents = 10 }: { key?: string; cents?: number }): Promise<Answer> {
    const place = key === undefined ? 'none' : this.place
    const { account, combination } = this
    // The ledger's keys are of everybody that is nobody in particular.
    const name = `${account} ${key ?? ''}`
    const port = String(await this.bank.port())
    const told = await runPeer(this.peer, ['account', port, combination, place, name, method, account, String(cents)])
    const { value, headers, message = '' } = JSON.parse(told) as Told
    const [, code, executed] = /^([a-z-]+): .* \(executed: ([a-z]+)\)$/.exec(message) ?? []
    return { value, code, executed, isMarkedReplay: headers?.['oncewire-replayed'] === 'true' }
  }

  deposit(how: { key?: string; cents?: number }): Promise<Answer> {
    return this.call('deposit', how)
  }

  /** What an answer says of being a replay: something only where answers have headers. */
  get tellsReplays(): boolean {
    return this.combination.includes('/header')
  }

  total(): Promise<number> {
    return this.ask(async (client) => Number(await client.total(this.account)))
  }

  untilHeld(): Promise<void> {
    return this.ask(async (client) => {
      while (!(await client.isHeld(this.account))) await new Promise((done) => setTimeout(done, 20))
    })
  }

  release(): Promise<void> {
    return this.ask((client) => client.release(this.account))
  }

  private async ask<T>(question: (client: Account) => Promise<T>): Promise<T> {
    await using channel = await connect(`tcp://127.0.0.1:${await this.bank.port()}`)
    return await question(channel.client(Account))
  }
}

let accounts = 0
