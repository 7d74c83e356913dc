/**
 * Goal: replies leave in the order of their calls. Method: every order in which calls can end, and ends at random.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyOrder } from './reply-order.ts'

const bytes = (n: number): Uint8Array => Uint8Array.of(n)

test('in whatever order they are filled, each leaves once, and as soon as those before it have', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), fc.nat(5), (ends, closeAt) => {
      const left: number[] = []
      const order = new ReplyOrder((reply) => left.push(reply[0] as number))
      const slots = ends.map((_, n) => order.reserve(() => bytes(100 + n)))
      const filled = new Set<number>()
      for (const n of ends.slice(0, closeAt)) {
        order.fill(slots[n] as (typeof slots)[number], bytes(n))
        filled.add(n)
        const whole = slots.findIndex((_, m) => !filled.has(m))
        expect(left).toEqual(Array.from({ length: whole < 0 ? 6 : whole }, (_, m) => m))
        expect(order.waiting).toBe(6 - left.length)
      }
      order.close()
      expect(left).toEqual(slots.map((_, n) => (filled.has(n) ? n : 100 + n)))
      for (const slot of slots) order.fill(slot, bytes(50))
      expect(left.length).toBe(6)
    }),
  )
})
