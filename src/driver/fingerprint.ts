/**
 * What a call's identity and its idempotency key are compared by (protocol section 1). Client and server make the same.
 *
 * Invariant: an xid's covers the bytes as they were sent; a key's covers what they mean, since a key crosses codecs and
 * languages (H11).
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { canonical } from '../wire/canonical.ts'
import type { World } from './world.ts'

/** `payload`: the argument struct in the binary codec. */
export function xidFingerprint({ sha256 }: Pick<World, 'sha256'>, method: string, payload: Uint8Array): Uint8Array {
  return sha256(method, '\0', payload)
}

export function keyFingerprint({ sha256 }: Pick<World, 'sha256'>, method: string, payload: Uint8Array): Uint8Array {
  return sha256(method, '\0', canonicalArguments(payload))
}

/** One encoding for equal arguments. What is none is refused as malformed in any case; until then it stands for itself. */
export function canonicalArguments(payload: Uint8Array): Uint8Array {
  try {
    return canonical(payload)
  } catch (error) {
    if (error instanceof OncewireError) return payload
    throw error
  }
}
