/**
 * From an address that a user typed to the transport that goes there.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { memory } from './memory.ts'
import { tcp } from './tcp.ts'
import type { Transport } from './transport.ts'

/**
 * `tcp://host:port` (no host: this machine alone) or `memory:name`.
 *
 * @throws {OncewireError} invalid-target, which says what to write instead
 */
export function transportFor(target: string): { readonly transport: Transport; readonly url: URL } {
  // A URL cannot have a port without a host.
  const address = target.replace(/^tcp:\/\/:/i, 'tcp://127.0.0.1:')
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'tcp:' && url.port !== '') return { transport: tcp, url }
  if (url?.protocol === 'memory:' && url.pathname !== '' && url.host === '') return { transport: memory, url }
  throw new OncewireError(
    'invalid-target',
    'never',
    `"${target}" is no address that this version knows: ${advice(target, url)}`,
  )
}

function advice(target: string, url: URL | undefined): string {
  if (url?.protocol === 'tcp:') return `it has no port: write tcp://${url.hostname || 'host'}:9090`
  if (url?.protocol === 'memory:') return `write memory:${url.hostname || 'name'}`
  const hostAndPort = /^(?:[a-z+]+:\/\/)?((?:[\w.-]+|\[[\da-f:.]+\]):\d{1,5})(?:\/|$)/i.exec(target)?.[1]
  const meant = hostAndPort === undefined ? undefined : `tcp://${hostAndPort}`
  const known = 'tcp://host:port or memory:name'
  return meant === undefined || !URL.canParse(meant) ? `write ${known}` : `did you mean ${meant}? It knows ${known}`
}
