/**
 * Which object a call changes, where the IDL says so (`key = "account"`), and how calls on one object take turns.
 *
 * Invariant: equal keys have one name, whatever order their sets and maps had; the keys of two services are never the same.
 */
import { toHex } from '../std/bytes.ts'
import type { CompiledMethod } from './service.ts'

/**
 * How a call takes its turn on this server. `alone`: nothing else on the object runs meanwhile. `together`: the ledger
 * runs those one at a time anyway, so they wait only for calls that are `alone`, and share commits.
 */
export type Turn = 'alone' | 'together'

/** How the calls of a service's methods take turns. A method that is not there never waits. */
export function turnsOf(methods: Iterable<CompiledMethod>): ReadonlyMap<CompiledMethod, Turn> {
  const keyed = [...methods].filter(({ keyIndex }) => keyIndex >= 0)
  const isOfLedger = ({ delivery }: CompiledMethod): boolean => delivery === 'exactly-once'
  // Transactions alone have their order from the ledger, on however many servers.
  if (keyed.every(isOfLedger)) return new Map()
  return new Map(keyed.map((method) => [method, isOfLedger(method) ? 'together' : 'alone']))
}

/** Service and key of a call; undefined where its method has no key. */
export function objectOf({ name, keyIndex }: CompiledMethod, values: readonly unknown[]): string | undefined {
  if (keyIndex < 0) return undefined
  return `${name.slice(0, name.lastIndexOf('.'))}\0${textOf(values[keyIndex])}`
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return JSON.stringify(value.map(textOf))
  if (value instanceof Set) return JSON.stringify([...value].map(textOf).toSorted())
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  const texts = entries.filter(([, part]) => part !== undefined).map(([name, part]) => [textOf(name), textOf(part)])
  return JSON.stringify(texts.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}
