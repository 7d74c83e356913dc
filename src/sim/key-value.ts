/**
 * What a key/value store does when nobody else is there: the model by which histories of such stores are checked.
 *
 * Invariant: one key knows nothing of another.
 */
import type { SequentialModel } from './linearizable.ts'

/** The calls of the lecture's Lab 3, and deletion. */
export type KeyValueInput =
  | { readonly method: 'get' | 'remove'; readonly key: string }
  | { readonly method: 'put' | 'append'; readonly key: string; readonly value: string }
  | { readonly method: 'compareAndSet'; readonly key: string; readonly expected: string; readonly value: string }

export type KeyValueOutput =
  /** Of get: what stands there; of append: what stands there now. Without a value: nothing. */
  | { readonly value?: string | undefined }
  /** Of compareAndSet and remove: whether it did anything. */
  | { readonly done: boolean }

/** What stands under one key; without a value: nothing. */
export interface KeyValueState {
  readonly value?: string | undefined
}

const absent: KeyValueState = {}

export const keyValueModel: SequentialModel<KeyValueInput, KeyValueOutput, KeyValueState> = {
  initial: absent,
  partition: ({ key }) => key,
  identify: ({ value }) => (value === undefined ? '-' : `=${value}`),
  step(state, input, output) {
    const [next, answer] = run(state, input)
    if (output === undefined) return next
    if ('done' in answer) return 'done' in output && output.done === answer.done ? next : undefined
    return input.method === 'put' || ('value' in output ? output.value : undefined) === answer.value ? next : undefined
  },
  show(input, output) {
    const values = 'value' in input ? [input.value] : []
    const all = 'expected' in input ? [input.expected, ...values] : values
    return `${input.method}(${[input.key, ...all].join(', ')})${shown(input, output)}`
  },
  showState: ({ value }) => value ?? 'nothing',
}

/** The state after the call, and what it answers. */
function run(state: KeyValueState, input: KeyValueInput): readonly [KeyValueState, KeyValueOutput] {
  switch (input.method) {
    case 'get':
      return [state, state]
    case 'put':
      return [{ value: input.value }, {}]
    case 'append': {
      const next = { value: `${state.value ?? ''}${input.value}` }
      return [next, next]
    }
    case 'compareAndSet': {
      const done = state.value === input.expected
      return [done ? { value: input.value } : state, { done }]
    }
    case 'remove':
      return [absent, { done: state.value !== undefined }]
  }
}

function shown({ method }: KeyValueInput, output: KeyValueOutput | undefined): string {
  if (output === undefined) return ': ?'
  if (method === 'put') return ''
  return `: ${'done' in output ? String(output.done) : (output.value ?? 'nothing')}`
}
