/**
 * A client of the chaos run, a process of its own: `node client.js ORDERS`. Takes over what its journal brings back and the
 * runs that its last life had begun, then calls, many at a time, until its standard input ends; then lets all of it end.
 *
 * Invariant: its history says what it called and what it was told, and nothing else.
 */
import { join } from 'node:path'
import { connect, DeclaredException, OncewireError, type Recovered } from 'oncewire'
import { Chaos } from './gen/chaos.ts'
import { History, historyFile, readHistory, type Word } from './history.ts'
import { accountOfOrder, accounts, Plan, type Planned } from './plan.ts'

export interface ClientOrders {
  readonly name: string
  readonly life: number
  readonly seed: number
  readonly world: string
  readonly folder: string
  /** Links to servers, the nearest first. */
  readonly urls: readonly string[]
  readonly inFlight: number
  /** Makes no calls of its own. */
  readonly isRecoveryOnly: boolean
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ClientOrders
const { name, life, folder, urls } = orders
const earlier = Array.from({ length: life }, (_, i) => readHistory(join(folder, historyFile(name, i)))).flat()
const history = new History(join(folder, historyFile(name, life)))
const plan = new Plan(
  { client: name, life, seed: orders.seed, world: orders.world },
  earlier.filter(({ kind, tag }) => kind === 'called' && tag.startsWith('o:')).length,
)
let isOver = orders.isRecoveryOnly
let called = 0
process.stdin.on('end', () => (isOver = true)).resume()
setInterval(() => process.stdout.write(`${called}\n`), 100).unref()

const channel = await connect([...urls], {
  journal: join(folder, `${name}.journal`),
  connectMs: 120_000,
  deadlineMs: 60_000,
  retransmission: { attemptMs: 300, attemptMsMax: 3_000, pingMs: 500 },
})
const chaos = channel.client(Chaos)
const resolving = new Set<Promise<void>>()

function failure(error: unknown): { readonly word: Word; readonly detail: string } {
  if (error instanceof DeclaredException) return { word: 'exception', detail: error.name }
  if (error instanceof OncewireError) return { word: error.executed, detail: `${error.code}@${error.xid ?? 'no-xid'}` }
  throw error
}

/** Writes down how it ends, and later what an unknown one was. */
async function tell(tag: string, until: string, act: () => Promise<bigint>): Promise<void> {
  history.called(tag, until)
  called++
  try {
    const answer = await act()
    history.told('told', tag, { word: 'ok', detail: String(answer) })
  } catch (error) {
    history.told('told', tag, failure(error))
    if (!(error instanceof OncewireError) || error.resolved === undefined) return
    const { detail } = failure(error)
    const settled = error.resolved.then((word) => {
      history.told('resolved', tag, { word, detail })
      resolving.delete(settled)
    })
    resolving.add(settled)
  }
}

function make(planned: Planned): Promise<void> {
  const { kind, tag, source, target, cents, deadlineMs, cancelMs } = planned
  const signal = cancelMs === undefined ? undefined : AbortSignal.timeout(cancelMs)
  const options = { deadlineMs, signal }
  const until = deadlineMs !== undefined ? `${deadlineMs}ms` : cancelMs !== undefined ? `cancelled@${cancelMs}ms` : '-'
  switch (kind) {
    case 'transfer':
      return tell(tag, until, () => chaos.transfer(source, target, BigInt(cents), tag, options))
    case 'order':
      return order(tag)
    case 'count':
      return tell(tag, until, () => chaos.count(tag, options))
    case 'put':
      return tell(tag, until, () => chaos.put(tag, options))
    case 'balance':
      return tell(tag, until, () => chaos.balance(source, options))
    case 'dispense':
      return tell(tag, until, () => chaos.dispense(tag, options))
    case 'run':
      return play(tag)
  }
}

/** One in three comes over HTTP, by whoever has no session and asks again under the same key. */
function order(tag: string): Promise<void> {
  const account = accountOfOrder(tag)
  if (called % 3 !== 0) return tell(tag, '-', () => chaos.order(account, tag, { idempotencyKey: tag }))
  return tell(tag, 'http', async () => {
    for (let attempt = 0; ; attempt++) {
      const url = new URL('/Chaos/order', (urls[attempt % urls.length] as string).replace('tcp:', 'http:'))
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': `"${tag}"` },
          body: JSON.stringify({ account, tag }),
          signal: AbortSignal.timeout(3_000),
        })
        const text = await answer.text()
        if (answer.ok) return BigInt(text.replaceAll('"', ''))
        if (answer.status >= 400 && answer.status < 500 && ![408, 409, 425, 429].includes(answer.status))
          throw new Refused(`${answer.status} ${text}`)
      } catch (error) {
        if (error instanceof Refused) throw error
      }
      if (attempt > 100) throw new OncewireError('unavailable', 'unknown', `${tag}: 100 attempts over HTTP`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })
}

/** A refusal over HTTP that asking again does not change: nobody expects one, and the process ends. */
class Refused extends Error {}

/** A resumable run: two transfers, and between them a choice that may not change. Its history is written before it is forgotten. */
async function play(tag: string): Promise<void> {
  history.called(tag, '-')
  called += 2
  try {
    await channel.run(tag, async (run) => {
      const bank = run.client(Chaos)
      const first = await bank.transfer(1, 2, 1n, `${tag}/1`)
      const target = await run.step('choose', () => 1 + Math.floor(Math.random() * (accounts - 1)))
      const second = await bank.transfer(2, target, 1n, `${tag}/2`)
      history.told('told', tag, { word: 'ok', detail: `${first},${second}` })
      run.forget()
    })
  } catch (error) {
    history.told('told', tag, failure(error))
  }
}

/** The tag is the last argument of every call that a journal holds. */
function recovered({ args, outcome }: Recovered): void {
  const tag = String(args.at(-1))
  if (outcome.kind === 'result') history.told('recovered', tag, { word: 'ok', detail: String(outcome.value) })
  else history.told('recovered', tag, failure(outcome.kind === 'failure' ? outcome.error : outcome.exception))
}

async function takeOver(): Promise<void> {
  for await (const one of channel.recovered) recovered(one)
}

async function resume(): Promise<void> {
  const begun = new Set<string>()
  for (const { kind, tag } of earlier) {
    if (!tag.startsWith('r:')) continue
    if (kind === 'called') begun.add(tag)
    else begun.delete(tag)
  }
  await Promise.all([...begun].map(play))
}

async function lane(): Promise<void> {
  while (!isOver) await make(plan.next())
}

await Promise.all([takeOver(), resume(), ...Array.from({ length: orders.isRecoveryOnly ? 0 : orders.inFlight }, lane)])
while (resolving.size > 0) await Promise.all(resolving)
await channel.close({ drainMs: 5_000 })
history.ended()
process.stdout.write(`${called}\n`)
process.exit(0)
