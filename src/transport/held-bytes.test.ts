/**
 * Goal: what is kept for all peers is bounded, and whoever keeps most pays. Method: some that keep this and that.
 */
import { expect, test } from 'vitest'
import type { OncewireError } from '../errors/oncewire-error.ts'
import { HeldBytes, type Holder } from './held-bytes.ts'

function holders(count: number): { dropped: number[]; all: Holder[] } {
  const dropped: number[] = []
  const all = Array.from({ length: count }, (_, i) => ({
    drop(error: OncewireError) {
      expect(error).toMatchObject({ code: 'overloaded', executed: 'unknown' })
      dropped.push(i)
    },
  }))
  return { dropped, all }
}

test('at the limit nobody is ended; one byte beyond, the one that keeps most, and not the one that came last', () => {
  const held = new HeldBytes(100_000)
  const { dropped, all } = holders(3)
  const [first, second, third] = all as [Holder, Holder, Holder]
  held.set(first, 20_000)
  held.set(second, 70_000)
  held.set(third, 10_000)
  expect(dropped).toEqual([])
  held.set(third, 20_001)
  expect(dropped).toEqual([1])
  held.set(third, 80_000) // the 70,000 are free again
  expect(dropped).toEqual([1])
})

test('as many as it takes are ended; who keeps nothing any more counts no more', () => {
  const held = new HeldBytes(100_000)
  const { dropped, all } = holders(4)
  const [first, second, third, fourth] = all as [Holder, Holder, Holder, Holder]
  held.set(first, 50_000)
  held.set(first, 0)
  held.set(second, 45_000)
  held.set(third, 45_000)
  held.set(fourth, 100_000)
  expect(dropped).toEqual([3])
  held.set(fourth, 99_000)
  expect(dropped).toEqual([3, 3])
})

test('small changes are not looked at', () => {
  const held = new HeldBytes(10_000)
  const { dropped, all } = holders(1)
  held.set(all[0] as Holder, 8000)
  held.set(all[0] as Holder, 12_000)
  expect(dropped).toEqual([])
  held.set(all[0] as Holder, 12_096)
  expect(dropped).toEqual([0])
})
