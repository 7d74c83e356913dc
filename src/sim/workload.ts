/**
 * The service that simulated clients call, with an effect for each tag that can be counted afterwards.
 *
 * Invariant: an exactly-once effect is in the ledger's transaction; any other is in the world, as a letter in a post box is.
 */
import type { MemoryTx } from '../ledger/memory-rows.ts'
import type { CallOptions, Service } from '../rpc/service.ts'
import { i32, string } from '../wire/types.ts'
import type { Clock, Process } from './clock.ts'

export interface Bank {
  /** Moves cents from one account to another. */
  move(from: number, to: number, cents: number, tag: string, options?: CallOptions<'exactly-once'>): Promise<string>
  count(tag: string, options?: CallOptions<'at-most-once'>): Promise<string>
  touch(tag: string, options?: CallOptions<'at-least-once'>): Promise<string>
  /** Moves, and then fails with an error that the IDL does not declare. */
  fail(tag: string, options?: CallOptions<'exactly-once'>): Promise<string>
}

const tagged = { tag: [1, string] } as const

export const Bank: Service<Bank, 'Bank'> = {
  name: 'Bank',
  methods: {
    move: {
      delivery: 'exactly-once',
      arguments: { from: [1, i32], to: [2, i32], cents: [3, i32], tag: [4, string] },
      returns: string,
    },
    count: { delivery: 'at-most-once', arguments: tagged, returns: string },
    touch: { delivery: 'at-least-once', arguments: tagged, returns: string },
    fail: { delivery: 'exactly-once', arguments: tagged, returns: string },
  },
}

export const accounts = 4

/** What happened, by tag, outside of any database. */
export type Effects = Map<string, number>

export function handlers(
  clock: Clock,
  process: Process,
  effects: Effects,
): Readonly<Record<keyof Bank, (...args: never[]) => unknown>> {
  const happened = (tag: string): string => {
    effects.set(tag, (effects.get(tag) ?? 0) + 1)
    return tag
  }
  const add = (tx: MemoryTx, name: string, change: number): void => tx.set(name, number(tx.get(name)) + change)
  return {
    move(from: number, to: number, cents: number, tag: string, { tx }: { readonly tx: MemoryTx }) {
      add(tx, `account ${from}`, -cents)
      add(tx, `account ${to}`, cents)
      add(tx, `effect ${tag}`, 1)
      return tag
    },
    fail(tag: string, { tx }: { readonly tx: MemoryTx }) {
      add(tx, `effect ${tag}`, 1)
      throw new Error('as it was told to')
    },
    count(tag: string) {
      // Some work at once, some while the world goes on.
      if (clock.chance(0.5)) return happened(tag)
      return new Promise((resolve) => {
        process.wakeAt(clock.nowMs + clock.between(1, 400), () => resolve(happened(tag)))
      })
    },
    touch: happened,
  }
}

export function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
