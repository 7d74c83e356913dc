/**
 * A client of the store whose calls are written down, for the checker.
 */
import type { KeyValueInput, KeyValueOutput, Recorder } from 'oncewire/sim'
import type { KeyValue } from './gen/kv.ts'

export type KeyValueRecorder = Recorder<KeyValueInput, KeyValueOutput>

/** Makes one call and answers what it answered. */
export type Ask = (input: KeyValueInput) => Promise<KeyValueOutput>

export function recorded(store: KeyValue, recorder: KeyValueRecorder, client: string): Ask {
  return (input) => recorder.record(client, input, () => make(store, input))
}

async function make(store: KeyValue, input: KeyValueInput): Promise<KeyValueOutput> {
  const { key } = input
  switch (input.method) {
    case 'get':
      return store.get(key)
    case 'put':
      await store.put(key, input.value)
      return {}
    case 'append':
      return { value: await store.append(key, input.value) }
    case 'compareAndSet':
      return { done: await store.compareAndSet(key, input.expected, input.value) }
    case 'remove':
      return { done: await store.remove(key) }
  }
}

/**
 * Something to ask, by chance: most keys are there, a compare-and-set mostly names what was read last, and no value is
 * written twice (`fresh` answers a new one), so that a read says which call it saw.
 */
export function anything(
  random: () => number,
  keys: readonly string[],
  fresh: () => string,
  last: string,
): KeyValueInput {
  const key = keys[Math.floor(random() * keys.length)] as string
  const chance = random()
  if (chance < 0.35) return { method: 'get', key }
  if (chance < 0.55) return { method: 'put', key, value: fresh() }
  if (chance < 0.75) return { method: 'append', key, value: fresh() }
  if (chance < 0.9) return { method: 'compareAndSet', key, expected: last, value: fresh() }
  return { method: 'remove', key }
}
