/**
 * Goal: a stub's methods take their arguments, then options, and reject whatever else they are given.
 * Method: an `invoke` that notes what it was asked.
 */
import { expect, test } from 'vitest'
import { Bank } from '../../test/golden/generated/bank.ts'
import { Kitchen } from '../../test/golden/generated/kitchen.ts'
import type { CallOptions } from './service.ts'
import { createStub } from './stub.ts'

type Noted = readonly [name: string, values: readonly unknown[], options: CallOptions | undefined]

function noting(): { bank: Record<string, (...args: unknown[]) => Promise<unknown>>; calls: Noted[] } {
  const calls: Noted[] = []
  const bank = createStub(Bank, async (method, values, options) => {
    calls.push([method.name, values, options])
    return calls.length
  })
  return { bank: bank as never, calls }
}

test('arguments, and options after the last one', async () => {
  const { bank, calls } = noting()
  expect(await bank['debit']?.('al', 5n)).toBe(1)
  expect(await bank['debit']?.('al', 5n, { deadlineMs: 10 })).toBe(2)
  expect(await bank['debit']?.('al', 5n, undefined)).toBe(3)
  expect(calls).toEqual([
    ['Bank.debit', ['al', 5n], undefined],
    ['Bank.debit', ['al', 5n], { deadlineMs: 10 }],
    ['Bank.debit', ['al', 5n], undefined],
  ])
})

test('too few, too many, and options that are none reject the promise and call nothing', async () => {
  const { bank, calls } = noting()
  for (const args of [[], ['al'], ['al', 5n, {}, {}], ['al', 5n, 6n], ['al', 5n, null], ['al', 5n, []]]) {
    const promise = bank['debit']?.(...args)
    expect(promise).toBeInstanceOf(Promise)
    await expect(promise).rejects.toMatchObject({ code: 'invalid-argument', executed: 'never' })
    await expect(promise).rejects.toThrow('Bank.debit takes (account, cents, options?)')
  }
  expect(calls).toEqual([])
})

test('inherited methods are there, and a stub is no promise', async () => {
  const kitchen = createStub(Kitchen, async (method) => method.name)
  expect(await kitchen.getStruct(1)).toBe('Kitchen.getStruct')
  expect('then' in kitchen).toBe(false)
  expect(await Promise.resolve(kitchen)).toBe(kitchen)
})
