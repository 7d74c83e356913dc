/**
 * The four codecs, over a struct that has everything. What must hold of any bytes: they are a value or `malformed`; a
 * value can be written again, in every codec, and is read as the same value.
 */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { OncewireError } from '../../../src/errors/oncewire-error.ts'
import { keyInArguments } from '../../../src/rpc/call-info.ts'
import { compileService } from '../../../src/rpc/compile.ts'
import type { CompiledMethod } from '../../../src/rpc/service.ts'
import { canonical } from '../../../src/wire/canonical.ts'
import type { Codec, Encoding } from '../../../src/wire/shape.ts'
import { decodeWith, encodeWith } from '../../../src/wire/struct.ts'
import type { Target } from '../fuzz/target.ts'
import { Everything, Target as Service } from '../gen/hostile.ts'
import { samples } from './samples.ts'

const encodings: readonly Encoding[] = ['binary', 'compact', 'json', 'plain-json']

/** The value in `bytes`, if they hold one. */
export function decoded<T>(read: () => T): { readonly value: T } | undefined {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof OncewireError && error.code === 'malformed') return undefined
    throw error
  }
}

const encode = (value: Everything, codec: Encoding): Uint8Array => encodeWith(codec, (w) => Everything.write(w, value))
const decode = (bytes: Uint8Array, codec: Encoding): Everything => decodeWith(codec, bytes, (r) => Everything.read(r))

function codecTarget(codec: Encoding): Target {
  return {
    name: codec,
    bytesMax: codec.endsWith('json') ? 2048 : 512,
    seeds: () => samples.map((value) => encode(value, codec)),
    run(input) {
      const found = decoded(() => decode(input, codec))
      if (found === undefined || holdsUnknownArm(found.value)) return
      for (const other of encodings) {
        const bytes = encode(found.value, other)
        assert(isDeepStrictEqual(decode(bytes, other), found.value), `${other} reads another value than it wrote`)
      }
      const once = canonical(encode(found.value, 'binary'))
      assert.deepEqual(canonical(once), once, 'the canonical form has a canonical form of its own')
    },
  }
}

/** What is left of an arm of a newer IDL can be read and not written. */
function holdsUnknownArm(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if ('kind' in value && value.kind === 'unknown') return true
  if (value instanceof Map) return [...value].flat().some(holdsUnknownArm)
  return (value instanceof Set || Array.isArray(value) ? [...value] : Object.values(value)).some(holdsUnknownArm)
}

const methods = compileService(Service)
const [echo, debit] = [methods.get('echo') as CompiledMethod, methods.get('debit') as CompiledMethod]

/** Arguments, replies and the key of a call, as doors and channels read them. */
function callTarget(codec: Codec): Target {
  return {
    name: `calls-${codec}`,
    bytesMax: 512,
    seeds: () => [
      echo.encodeArguments([samples[0], 7, ['a', 'b']], { codec }),
      debit.encodeArguments(['alice', 5n], { codec, idempotencyKey: 'order' }),
      ...samples.map((value) => echo.encodeResult(value, codec)),
    ],
    run(input) {
      keyInArguments(input, codec)
      const values = decoded(() => echo.decodeArguments(input, codec))?.value
      if (values !== undefined && !values.some(holdsUnknownArm)) {
        const again = echo.decodeArguments(echo.encodeArguments(values, { codec }), codec)
        assert(isDeepStrictEqual(again, values), 'other arguments than were written')
      }
      const reply = decoded(() => echo.decodeReply(input, codec))?.value
      if (reply !== undefined && 'value' in reply && !holdsUnknownArm(reply.value)) {
        const again = echo.decodeReply(echo.encodeResult(reply.value, codec), codec)
        assert(isDeepStrictEqual(again, reply), 'another result than was written')
      }
    },
  }
}

const canonicalTarget: Target = {
  name: 'canonical',
  bytesMax: 512,
  seeds: () => samples.map((value) => encode(value, 'binary')),
  run(input) {
    const once = decoded(() => canonical(input))?.value
    if (once !== undefined) assert.deepEqual(canonical(once), once)
  },
}

export const codecTargets: readonly Target[] = [
  ...encodings.map(codecTarget),
  ...(['binary', 'compact', 'json'] as const).map(callTarget),
  canonicalTarget,
]
