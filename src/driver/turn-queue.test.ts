/**
 * Goal: calls on one object take turns, in order, and nothing is left of those that are over. Method: a story, then any
 * mixture of calls that end in any order.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Turn } from '../rpc/object-key.ts'
import { TurnQueue } from './turn-queue.ts'

test('alone waits for everything, together for what is alone; in the order in which they came', () => {
  const queue = new TurnQueue()
  const started: string[] = []
  const enter = (name: string, turn: Turn): void => queue.enter('alice', turn, () => started.push(name))
  enter('a', 'together')
  enter('b', 'together')
  enter('c', 'alone')
  enter('d', 'together') // not past c
  enter('e', 'together')
  expect(started).toEqual(['a', 'b'])
  queue.leave('alice')
  expect(started).toEqual(['a', 'b'])
  queue.leave('alice')
  expect(started).toEqual(['a', 'b', 'c'])
  queue.leave('alice')
  expect(started).toEqual(['a', 'b', 'c', 'd', 'e'])
  queue.enter('bob', 'alone', () => started.push('f'))
  expect(started.at(-1)).toBe('f')
})

test('whatever comes and ends: order, exclusion, and nothing left', () => {
  const call = fc.record({
    object: fc.constantFrom('alice', 'bob'),
    turn: fc.constantFrom<Turn>('alone', 'together'),
    endsAtOnce: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(call), fc.infiniteStream(fc.nat()), (calls, choices) => {
      const queue = new TurnQueue()
      const running: { object: string; turn: Turn }[] = []
      const order: Record<string, number[]> = { alice: [], bob: [] }
      const leave = (one: { object: string; turn: Turn }): void => {
        running.splice(running.indexOf(one), 1)
        queue.leave(one.object)
      }
      for (const [number, { object, turn, endsAtOnce }] of calls.entries()) {
        queue.enter(object, turn, () => {
          const beside = running.filter((other) => other.object === object)
          const isAllowed =
            turn === 'together' ? beside.every((other) => other.turn === 'together') : beside.length === 0
          expect(isAllowed).toBe(true)
          order[object]?.push(number)
          const one = { object, turn }
          running.push(one)
          if (endsAtOnce) leave(one)
        })
      }
      for (const choice of choices) {
        const one = running[choice % Math.max(1, running.length)]
        if (one === undefined) break
        leave(one)
      }
      for (const numbers of Object.values(order)) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      expect(order['alice']?.length).toBe(calls.filter(({ object }) => object === 'alice').length)
      expect(queue).toEqual(new TurnQueue())
    }),
  )
})
