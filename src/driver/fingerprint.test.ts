/**
 * Goal: one key names one call, however its arguments were written. Method: equal arguments in two encodings.
 */
import { expect, test } from 'vitest'
import { Kitchen } from '../../test/golden/generated/kitchen.ts'
import { compileService } from '../rpc/compile.ts'
import { keyFingerprint, xidFingerprint } from './fingerprint.ts'
import { realWorld } from './world.ts'

const find = compileService(Kitchen).get('find')

test('maps have no order for a key (H11), and have one for an xid; bytes that are no arguments stand for themselves', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const [a, b] = [['x', []] as const, ['y', ['z']] as const]
  const forth = find?.encodeArguments([id, new Map<string, readonly string[]>([a, b])]) ?? expect.fail()
  const back = find?.encodeArguments([id, new Map<string, readonly string[]>([b, a])]) ?? expect.fail()
  expect(keyFingerprint(realWorld, 'Kitchen.find', forth)).toEqual(keyFingerprint(realWorld, 'Kitchen.find', back))
  expect(xidFingerprint(realWorld, 'Kitchen.find', forth)).not.toEqual(xidFingerprint(realWorld, 'Kitchen.find', back))
  expect(keyFingerprint(realWorld, 'Kitchen.find', forth)).not.toEqual(keyFingerprint(realWorld, 'Kitchen.seek', forth))
  const garbage = Uint8Array.of(255)
  expect(keyFingerprint(realWorld, 'm', garbage)).toEqual(xidFingerprint(realWorld, 'm', garbage))
})
