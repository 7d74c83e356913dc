/**
 * Goal: what a client acknowledges is never above a call that it still waits for. Method: calls of an earlier process,
 * taken up in any order and ended in any order.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClientSession, replayed } from './client-session.ts'

const call = { method: 'm', delivery: 'exactly-once', payload: new Uint8Array(0), idempotencyKey: undefined } as const

test('firstUnacked is the lowest open call, whatever the order in which a journal names them', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1 })
  fc.assert(
    fc.property(numbers, fc.infiniteStream(fc.nat()), (taken, chance) => {
      const session = new ClientSession('durable')
      session.begin('a'.repeat(32), 1)
      const open = taken.map((number) =>
        replayed(call, { session, number, phase: 'open', deadlineAtMs: 1, step: undefined, isSettled: false }),
      )
      for (const one of open) session.addOlder(one)
      while (open.length > 0) {
        expect(session.firstUnacked).toBe(Math.min(...open.map(({ number }) => number)))
        expect(session.calls().map(({ number }) => number)).toEqual(
          open.map(({ number }) => number).sort((a, b) => a - b),
        )
        const [over] = open.splice(chance.next().value % open.length, 1)
        if (over !== undefined) session.delete(over)
      }
    }),
  )
})
