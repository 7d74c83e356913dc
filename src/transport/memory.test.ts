/**
 * Goal: frames within a process behave as over a network. Method: the contract of all transports.
 */
import { expect, test } from 'vitest'
import { memory } from './memory.ts'
import { transportContract } from './transport-contract.ts'

let names = 0
transportContract('memory', () => `memory:contract-${++names}`)

test('a name at which nobody listens', async () => {
  const owner = { received: () => {}, drained: () => {}, closed: () => {} }
  const connecting = memory.connect(new URL('memory:nobody'), owner, { frameBytesMax: 1, connectMs: 1 })
  await expect(connecting).rejects.toMatchObject({ code: 'unavailable', executed: 'never' })
  await expect(connecting).rejects.toThrow('nobody listens at memory:nobody')
})
