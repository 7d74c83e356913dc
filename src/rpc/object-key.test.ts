/**
 * Goal: one object has one name. Method: keys of every kind, written in two orders.
 */
import { expect, test } from 'vitest'
import { objectOf, turnsOf } from './object-key.ts'
import type { CompiledMethod } from './service.ts'

const method = (name: string, more: Partial<CompiledMethod> = {}): CompiledMethod =>
  ({ name, keyIndex: 0, delivery: 'at-most-once', ...more }) as CompiledMethod
const named = (key: unknown): string | undefined => objectOf(method('S.m'), [key])

test('equal keys have one name, other keys another', () => {
  const same: [unknown, unknown][] = [
    ['alice', 'alice'],
    [7n, 7n],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    [new Set(['a', 'b']), new Set(['b', 'a'])],
    [new Map([['a', 1], ['b', 2]]), new Map([['b', 2], ['a', 1]])], // prettier-ignore
    [
      { a: 1, b: { c: 'x' } },
      { b: { c: 'x' }, a: 1 },
    ],
    [{ a: 1, note: undefined }, { a: 1 }],
    [
      [1, 2],
      [1, 2],
    ],
  ]
  for (const [one, other] of same) expect(named(one)).toBe(named(other))
  const names = [
    ...same.map(([one]) => one),
    'bob',
    8n,
    [2, 1],
    [[1], 2],
    ['1,2'],
    new Set(['ab']),
    { a: 1, b: { c: 'y' } },
  ]
  expect(new Set(names.map(named)).size).toBe(names.length)
})

test('keys of two services are never the same; without a key there is no object', () => {
  expect(objectOf(method('S.m'), ['x'])).not.toBe(objectOf(method('T.m'), ['x']))
  expect(objectOf(method('S.m'), ['x'])).toBe(objectOf(method('S.other'), ['x']))
  expect(objectOf(method('S.m', { keyIndex: -1 }), ['x'])).toBeUndefined()
})

test('a service of transactions alone needs no queue; beside others they run together', () => {
  const debit = method('S.debit', { delivery: 'exactly-once' })
  const note = method('S.note')
  const free = method('S.free', { keyIndex: -1 })
  expect(turnsOf([debit, free]).size).toBe(0)
  expect([...turnsOf([debit, note, free])]).toEqual([
    [debit, 'together'],
    [note, 'alone'],
  ])
})
