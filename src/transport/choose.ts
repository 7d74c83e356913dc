/**
 * From an address that a user typed to the transport that goes there.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { memory } from './memory.ts'
import { tcp } from './tcp.ts'
import type { Transport } from './transport.ts'

const transports: Readonly<Record<string, Transport>> = { 'tcp:': tcp, 'memory:': memory }

/** @throws {OncewireError} invalid-target, which says what to write instead */
export function transportFor(target: string): { readonly transport: Transport; readonly url: URL } {
  const url = URL.canParse(target) ? new URL(target) : undefined
  const transport = url === undefined ? undefined : transports[url.protocol]
  if (url === undefined || transport === undefined) throw invalid(target)
  if (url.protocol === 'tcp:' && url.port === '')
    throw new OncewireError(
      'invalid-target',
      'never',
      `"${target}" has no port: write tcp://${url.hostname || 'host'}:9090`,
    )
  return { transport, url }
}

function invalid(target: string): OncewireError {
  const host = /^(?:[a-z+]+:\/\/)?([\w.-]+:\d+)/.exec(target)?.[1]
  const hint = host === undefined ? 'write tcp://host:port or memory:name' : `did you mean tcp://${host}?`
  return new OncewireError('invalid-target', 'never', `"${target}" is no address that this version knows: ${hint}`)
}
