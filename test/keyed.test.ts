/**
 * Goal: calls on one object run one at a time, in the order in which the server accepted them, and calls on others beside
 * them; whatever their deliveries. Method: handlers that take their time and write down when they begin and end.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CallOptions, createServer, type OncewireError, type Service } from '../src/index.ts'
import { memoryLedger } from '../src/ledger/memory.ts'
import { connected } from './support/bank.ts'

interface Lines {
  read(object: string, n: number, options?: CallOptions<'at-least-once'>): Promise<void>
  add(object: string, n: number, options?: CallOptions<'at-most-once'>): Promise<void>
  book(object: string, n: number, options?: CallOptions<'exactly-once'>): Promise<void>
  free(object: string, n: number, options?: CallOptions<'at-most-once'>): Promise<void>
}
const values = { object: [1, { scalar: 'string' }], n: [2, { scalar: 'i32' }] } as const
const Lines: Service<Lines, 'Lines'> = {
  name: 'Lines',
  methods: {
    read: { delivery: 'at-least-once', key: 'object', arguments: values },
    add: { delivery: 'at-most-once', key: 'object', arguments: values },
    book: { delivery: 'exactly-once', key: 'object', arguments: values },
    free: { delivery: 'at-most-once', arguments: values },
  },
}
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
let addresses = 0

async function running(takeMs: (n: number) => number) {
  const url = `memory:keyed-${++addresses}`
  /** What began and ended on each object, in order. */
  const seen: Record<string, string[]> = {}
  let insideMax = 0
  let inside = 0
  const handler = async (object: string, n: number): Promise<void> => {
    const lines = (seen[object] ??= [])
    lines.push(`${n} begins`)
    insideMax = Math.max(insideMax, ++inside)
    await after(takeMs(n))
    inside--
    lines.push(`${n} ends`)
  }
  const server = createServer({ ledger: memoryLedger(), log: () => {} })
  server.add(Lines, {
    read: handler,
    add: handler,
    free: handler,
    book: (object, n) => void (seen[object] ??= []).push(`${n} begins`, `${n} ends`),
  })
  await server.listen(url)
  onTestFinished(() => server.close())
  const lines = (await connected(url, { retransmission: { attemptMs: 20, attemptMsMax: 50 } })).client(Lines)
  return { lines, seen, insideMax: () => insideMax }
}
const inTurn = (numbers: readonly number[]): string[] => numbers.flatMap((n) => [`${n} begins`, `${n} ends`])

describe('calls with one key', () => {
  test('run one at a time in their order; those of other keys run beside them', async () => {
    const { lines, seen, insideMax } = await running((n) => (n % 3 === 0 ? 8 : 1))
    const numbers = Array.from({ length: 12 }, (_, n) => n)
    await Promise.all(numbers.flatMap((n) => ['alice', 'bob'].map((object) => lines.add(object, n))))
    expect(seen).toEqual({ alice: inTurn(numbers), bob: inTurn(numbers) })
    expect(insideMax()).toBe(2)
  })

  test('whatever their deliveries; a copy of one that waits takes no second turn (H13)', async () => {
    const { lines, seen } = await running(() => 30)
    // A durable session first, so that all go out in one turn.
    await lines.book('warm', 0)
    await Promise.all([
      lines.add('alice', 1),
      lines.book('alice', 2),
      lines.book('alice', 3),
      lines.add('alice', 4),
      lines.book('alice', 5),
    ])
    expect(seen['alice']).toEqual(inTurn([1, 2, 3, 4, 5]))
  })

  test('at-least-once calls too, copies and all: they never interleave', async () => {
    const { lines, seen } = await running(() => 10)
    await Promise.all([1, 2, 3, 4].map((n) => lines.read('alice', n)))
    const begun = seen['alice']?.filter((_, i) => i % 2 === 0).map((line) => Number(line.split(' ')[0])) ?? []
    // A copy may still be running.
    expect(seen['alice']).toEqual(inTurn(begun).slice(0, seen['alice']?.length))
  })

  test('a method without a key does not wait', async () => {
    const { lines, seen } = await running((n) => (n === 1 ? 40 : 1))
    await Promise.all([lines.add('alice', 1), lines.free('alice', 2)])
    expect(seen['alice']).toEqual(['1 begins', '2 begins', '2 ends', '1 ends'])
  })

  test('one whose deadline passes while it waits never runs, and that is told', async () => {
    const { lines, seen } = await running(() => 120)
    const first = lines.add('alice', 1)
    const error = await lines.add('alice', 2, { deadlineMs: 40 }).catch((thrown: unknown) => thrown as OncewireError)
    expect(error).toMatchObject({ code: 'deadline', executed: 'unknown' })
    await first
    expect(await (error as OncewireError).resolved).toBe('never')
    await lines.add('alice', 3)
    expect(seen['alice']).toEqual(inTurn([1, 3]))
  })
})
