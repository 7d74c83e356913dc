/**
 * Goal: the checker accepts what one order explains and nothing else, says which call cannot be placed, and is honest about
 * what it did not decide. Method: histories of the literature and of the lecture; a second checker that tries every order of
 * every subset; good histories, made by running a store, and then spoilt.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../std/prng.ts'
import { type KeyValueInput, keyValueModel, type KeyValueOutput, type KeyValueState } from './key-value.ts'
import { type CallOutcome, checkLinearizable, type HistoryCall, type PartVerdict } from './linearizable.ts'

type Call = HistoryCall<KeyValueInput, KeyValueOutput>

const put = (value: string): KeyValueInput => ({ method: 'put', key: 'x', value })
const append = (value: string): KeyValueInput => ({ method: 'append', key: 'x', value })
const cas = (expected: string, value: string): KeyValueInput => ({ method: 'compareAndSet', key: 'x', expected, value })
const get: KeyValueInput = { method: 'get', key: 'x' }
const remove: KeyValueInput = { method: 'remove', key: 'x' }
const value = (text?: string): KeyValueOutput => (text === undefined ? {} : { value: text })
const done: KeyValueOutput = { done: true }
const notDone: KeyValueOutput = { done: false }

/** A call of `client` from `from` to `to`. */
function call(client: string, input: KeyValueInput, [from, to]: readonly [number, number], output = value()): Call {
  return { client, input, calledMs: from, outcome: { kind: 'returned', atMs: to, output } }
}
const open = (client: string, input: KeyValueInput, from: number, kind: 'unknown' | 'never' = 'unknown'): Call => ({
  client,
  input,
  calledMs: from,
  outcome: { kind },
})

const good: Readonly<Record<string, readonly Call[]>> = {
  nothing: [],
  'one after the other': [call('a', put('1'), [0, 1]), call('a', get, [2, 3], value('1'))],
  'a read beside a write sees the old or the new': [
    call('a', put('1'), [0, 10]),
    call('b', get, [1, 2]),
    call('c', get, [3, 4], value('1')),
  ],
  'an answer at the very time of a call is not before it': [
    call('a', put('1'), [0, 5]),
    call('b', get, [5, 6], value()),
  ],
  'Herlihy and Wing, figure 1: a queue of writes seen late': [
    call('a', put('1'), [0, 6]),
    call('b', put('2'), [1, 3]),
    call('b', get, [4, 5], value('2')),
    call('a', get, [7, 8], value('1')),
  ],
  'a write of which nobody heard may have happened': [open('a', put('1'), 0), call('b', get, [5, 6], value('1'))],
  'or not yet': [open('a', put('1'), 0), call('b', get, [5, 6]), call('b', get, [7, 8], value('1'))],
  'or never': [open('a', put('1'), 0), call('b', get, [5, 6])],
  'what never ran changes nothing': [open('a', put('1'), 0, 'never'), call('b', get, [5, 6])],
  'one that ran, with an answer that was lost': [
    { client: 'a', input: append('1'), calledMs: 0, outcome: { kind: 'ran', atMs: 2 } },
    call('b', get, [5, 6], value('1')),
  ],
  'set x to 8 if x is 7, by two': [
    call('a', put('7'), [0, 1]),
    call('b', cas('7', '8'), [2, 5], notDone),
    call('c', cas('7', '8'), [3, 4], done),
  ],
  'keys know nothing of each other': [
    call('a', put('1'), [0, 1]),
    { ...call('b', get, [2, 3]), input: { method: 'get', key: 'y' } },
  ],
}

/** With the place of the call that no order explains. */
const bad: Readonly<Record<string, readonly [readonly Call[], number]>> = {
  'a stale read': [[call('a', put('1'), [0, 1]), call('a', put('2'), [2, 3]), call('b', get, [4, 5], value('1'))], 2],
  'new, then old: two readers beside one write': [
    [call('a', put('1'), [0, 10]), call('b', get, [1, 2], value('1')), call('c', get, [3, 4])],
    2,
  ],
  'a value that nobody wrote': [[call('a', put('1'), [0, 1]), call('b', get, [0, 2], value('3'))], 1],
  'a lost update': [
    [
      call('a', put('0'), [0, 1]),
      call('b', append('1'), [2, 4], value('01')),
      call('c', append('2'), [3, 5], value('02')),
    ],
    2,
  ],
  'an append that ran twice': [[call('a', append('1'), [0, 5], value('1')), call('a', get, [6, 7], value('11'))], 1],
  'the lecture: put(x,10), put(x,20), and a late copy of the first': [
    [call('a', put('10'), [0, 1]), call('a', put('20'), [2, 3]), call('a', get, [4, 5], value('10'))],
    2,
  ],
  'set x to 8 if x is 7, done twice': [
    [
      call('a', put('7'), [0, 1]),
      call('a', cas('7', '8'), [2, 3], done),
      call('b', put('7'), [4, 5]),
      call('b', get, [6, 7], value('8')),
    ],
    3,
  ],
  'set x to 8 if x is 7, and the repetition says that it was not done': [
    [call('a', put('7'), [0, 1]), call('a', cas('7', '8'), [2, 3], notDone)],
    1,
  ],
  'a repeated delete deletes what was put since': [
    [call('a', put('1'), [0, 1]), call('a', remove, [2, 3], done), call('b', put('2'), [4, 5]), call('b', get, [6, 7])],
    3,
  ],
  'a repeated delete found nothing': [[call('a', put('1'), [0, 1]), call('a', remove, [2, 3], notDone)], 1],
  'two deletes of one thing': [
    [call('a', put('1'), [0, 1]), call('b', remove, [2, 5], done), call('c', remove, [3, 4], done)],
    1,
  ],
  'what is unknown happens once at most': [
    [open('a', append('1'), 0), call('b', get, [2, 3], value('1')), call('b', get, [4, 5], value('11'))],
    2,
  ],
  'it was said to have run, and had not': [
    [{ client: 'a', input: put('1'), calledMs: 0, outcome: { kind: 'ran', atMs: 2 } }, call('b', get, [3, 4])],
    1,
  ],
  'it was said never to run, and did': [[open('a', put('1'), 0, 'never'), call('b', get, [2, 3], value('1'))], 0],
}

describe('histories that one order explains', () => {
  for (const [name, history] of Object.entries(good)) {
    test(name, () => {
      const { verdict, parts } = checkLinearizable(history, keyValueModel)
      expect(verdict).toBe('ok')
      for (const part of parts) expect(whyWrong(part)).toBeUndefined()
    })
  }
})

describe('histories that none does', () => {
  for (const [name, [history, culprit]] of Object.entries(bad)) {
    test(name, () => {
      const { verdict, parts } = checkLinearizable(history, keyValueModel)
      expect({ verdict, culprit: parts[0]?.culprit }).toEqual({ verdict: 'violated', culprit })
      // What is drawn: everything that had to be placed before the culprit returned is.
      const [part] = parts
      expect(part?.prefixes.length).toBeGreaterThan(0)
      for (const { order } of part?.prefixes ?? []) expect(order).not.toContain(culprit)
    })
  }
})

/** Why the order that came with `ok` is none; what the checker says is not believed. */
function whyWrong({ calls, prefixes }: PartVerdict<KeyValueInput, KeyValueOutput, KeyValueState>): string | undefined {
  const order = prefixes[0]?.order ?? []
  const missing = calls.findIndex(({ outcome }, i) => outcome.kind !== 'unknown' && !order.includes(i))
  if (missing >= 0) return `${missing} is missing`
  if (new Set(order).size < order.length) return 'twice the same'
  let state = keyValueModel.initial
  let latestMs = -Infinity
  for (const i of order) {
    const { input, outcome, calledMs } = calls[i] as Call
    latestMs = Math.max(latestMs, calledMs)
    if ('atMs' in outcome && outcome.atMs < latestMs)
      return `${i} returned before one that is placed before it was made`
    const next = keyValueModel.step(state, input, outcome.kind === 'returned' ? outcome.output : undefined)
    if (next === undefined) return `${i} cannot answer that`
    state = next
  }
  return undefined
}

/** Tries everything that may be next, each time. */
function hasOrder(calls: readonly Call[], state = keyValueModel.initial): boolean {
  if (calls.every(({ outcome }) => outcome.kind === 'unknown')) return true
  return calls.some((call) => {
    const { outcome, input, calledMs } = call
    if (calls.some((other) => 'atMs' in other.outcome && other.outcome.atMs < calledMs)) return false
    const next = keyValueModel.step(state, input, outcome.kind === 'returned' ? outcome.output : undefined)
    return (
      next !== undefined &&
      hasOrder(
        calls.filter((other) => other !== call),
        next,
      )
    )
  })
}

const inputs: fc.Arbitrary<KeyValueInput> = fc.constantFrom(
  get,
  get,
  remove,
  put('1'),
  put('2'),
  append('1'),
  cas('1', '2'),
)
const outputs: fc.Arbitrary<KeyValueOutput> = fc.constantFrom(
  value(),
  value('1'),
  value('2'),
  value('11'),
  done,
  notDone,
)
const anyCall: fc.Arbitrary<Call> = fc
  .record({
    client: fc.constantFrom('a', 'b'),
    input: inputs,
    calledMs: fc.nat(12),
    lastsMs: fc.nat(8),
    output: outputs,
    kind: fc.constantFrom('returned', 'returned', 'returned', 'ran', 'unknown', 'never'),
  })
  .map(({ client, input, calledMs, lastsMs, output, kind }): Call => {
    const atMs = calledMs + lastsMs
    const wasDone = 'done' in output ? output : done
    const fitting = input.method === 'remove' || input.method === 'compareAndSet' ? wasDone : output
    const outcome = kind === 'returned' ? { kind, atMs, output: fitting } : kind === 'ran' ? { kind, atMs } : { kind }
    return { client, input, calledMs, outcome: outcome as CallOutcome<KeyValueOutput> }
  })

test('a checker that tries everything says the same of any small history', () => {
  const seen = { ok: 0, violated: 0, undecided: 0 }
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 7 }), (history) => {
      const { verdict, parts } = checkLinearizable(history, keyValueModel)
      seen[verdict]++
      expect(verdict).toBe(hasOrder(history.filter(({ outcome }) => outcome.kind !== 'never')) ? 'ok' : 'violated')
      if (verdict === 'ok') for (const part of parts) expect(whyWrong(part)).toBeUndefined()
    }),
    { numRuns: 4_000 },
  )
  expect(Math.min(seen.ok, seen.violated)).toBeGreaterThan(300)
})

/** What a store that works is seen to do: each call happens at some time between its beginning and its end. */
function run(seed: number, { calls, clients, keys }: Record<'calls' | 'clients' | 'keys', number>): Call[] {
  const random = seededRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const states = new Map<string, KeyValueState>()
  const freeMs = Array.from({ length: clients }, () => 0)
  const planned = Array.from({ length: calls }, (_, i) => {
    const client = i % clients
    const calledMs = (freeMs[client] as number) + random() * 2
    const atMs = calledMs + random() * 10
    freeMs[client] = atMs
    return { client: `client-${client}`, calledMs, atMs, happensMs: calledMs + random() * (atMs - calledMs), i }
  })
  planned.sort((one, other) => one.happensMs - other.happensMs)
  return planned.map(({ client, calledMs, atMs, i }) => {
    const key = `key-${Math.floor(random() * keys)}`
    const state = states.get(key) ?? keyValueModel.initial
    const was = state.value ?? ''
    const method = pick(['get', 'put', 'append', 'compareAndSet', 'remove'] as const)
    const input = { method, key, value: `${i},`, expected: random() < 0.5 ? was : 'other' } as KeyValueInput
    // The only answer that the model takes.
    const answers = [state, done, notDone, { value: `${was}${i},` }]
    const output = answers.find((one) => keyValueModel.step(state, input, one) !== undefined) as KeyValueOutput
    const isUnknown = random() < 0.02
    if (!isUnknown || random() < 0.5) states.set(key, keyValueModel.step(state, input, output) as KeyValueState)
    const outcome = isUnknown ? ({ kind: 'unknown' } as const) : ({ kind: 'returned', atMs, output } as const)
    return { client, input, calledMs, outcome }
  })
}

test('what a store that works is seen to do is accepted, and not when one answer of it is changed', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const history = run(seed, { calls: 150, clients: 5, keys: 2 })
    expect(checkLinearizable(history, keyValueModel).verdict, `seed ${seed}`).toBe('ok')
    const reads = history.filter(({ input, outcome }) => input.method === 'get' && outcome.kind === 'returned')
    const spoilt = reads[seed % reads.length] as Call
    const wrong = history.map((one) =>
      one === spoilt ? { ...one, outcome: { ...one.outcome, output: value('of nobody') } as Call['outcome'] } : one,
    )
    const { verdict, parts } = checkLinearizable(wrong, keyValueModel)
    expect(verdict, `seed ${seed}`).toBe('violated')
    const part = parts.find((one) => one.verdict === 'violated')
    expect(part?.calls[part.culprit ?? -1]?.input, `seed ${seed}`).toBe(spoilt.input)
  }
})

test('10,000 calls of 8 clients on 10 keys take steps in proportion', () => {
  const beganMs = performance.now()
  const { verdict, calls, unknown, steps } = checkLinearizable(
    run(1, { calls: 10_000, clients: 8, keys: 10 }),
    keyValueModel,
  )
  console.log(`${calls} calls, ${unknown} unknown: ${steps} steps, ${Math.round(performance.now() - beganMs)} ms`)
  expect(verdict).toBe('ok')
  expect(unknown).toBeGreaterThan(100)
  expect(steps).toBeLessThan(200_000)
})

test('what is not decided within the budget is undecided', () => {
  // Twenty appends of which nobody heard, and a read that none of their orders explains.
  const history = Array.from({ length: 20 }, (_, i) => open(`client-${i}`, append(`${i}`), i))
  const impossible = [...history, call('reader', get, [30, 31], value('nothing of that'))]
  const { verdict, steps } = checkLinearizable(impossible, keyValueModel, { stepsMax: 5_000 })
  expect(verdict).toBe('undecided')
  expect(steps).toBeLessThan(6_000)
  expect(checkLinearizable(impossible, keyValueModel, { budgetMs: 20 }).verdict).toBe('undecided')
})
