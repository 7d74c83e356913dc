/**
 * Goal: an address leads to a transport, or the error says what to write. Method: what people type.
 */
import { expect, test } from 'vitest'
import { transportFor } from './choose.ts'
import { memory } from './memory.ts'
import { tcp } from './tcp.ts'

test.each(['tcp://localhost:9090', 'tcp://10.0.0.1:0', 'TCP://bank.example:1', 'tcp://[::1]:9090', 'tcp://:9090'])(
  '%s is TCP',
  (target) => expect(transportFor(target).transport).toBe(tcp),
)

test('no host means this machine alone', () => {
  expect(transportFor('tcp://:9090').url.host).toBe('127.0.0.1:9090')
})

test('memory:bank is within this process', () => expect(transportFor('memory:bank').transport).toBe(memory))

test.each([
  ['localhost:9090', 'did you mean tcp://localhost:9090?'],
  ['127.0.0.1:9090', 'did you mean tcp://127.0.0.1:9090?'],
  ['[::1]:9090', 'did you mean tcp://[::1]:9090?'],
  ['http://localhost:9090/bank', 'did you mean tcp://localhost:9090?'],
  ['tcp://localhost', 'write tcp://localhost:9090'],
  ['tcp:9090', 'write tcp://host:9090'],
  ['tcp://localhost:99999', 'write tcp://host:port or memory:name'],
  ['memory://bank', 'write memory:bank'],
  ['memory:', 'write memory:name'],
  ['bank', 'write tcp://host:port or memory:name'],
  ['', 'write tcp://host:port or memory:name'],
])('%o is no address: %s', (target, advice) => {
  expect(() => transportFor(target)).toThrow(advice)
  expect(() => transportFor(target)).toThrow(expect.objectContaining({ code: 'invalid-target', executed: 'never' }))
})
