/**
 * From what a user told `connect` to who makes the calls.
 *
 * Invariant: options that cannot be kept are refused here, before anything is opened or connected.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { openJournal } from '../journal/file-journal.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { transportFor } from '../transport/choose.ts'
import type { Connection, ConnectionOwner, ConnectOptions as DialOptions } from '../transport/transport.ts'
import type { Caller } from './caller.ts'
import type { ConnectOptions } from './connect-options.ts'
import { withDefaults } from './limits.ts'
import { SocketCaller } from './plain/socket-caller.ts'
import { speechOf } from './plain/speech.ts'
import { SessionCaller } from './session-caller.ts'

/** How long `connect` waits for the server, in milliseconds, where the user does not say. */
export const connectMsDefault = 5_000

const framings = ['session', 'framed', 'unframed', 'header']

/**
 * `methods` are those of the services that the channel will have made clients of, by name.
 *
 * @throws {OncewireError} invalid-target, invalid-argument; journal-locked, journal-damaged, journal-format
 */
export async function callerFor(
  addresses: readonly string[],
  options: ConnectOptions,
  methods: ReadonlyMap<string, CompiledMethod>,
): Promise<Caller> {
  const targets = addresses.map(transportFor)
  if (targets.length === 0)
    throw new OncewireError('invalid-target', 'never', 'connect() was given an empty list of addresses')
  const limits = withDefaults(options.limits)
  const { framing = 'session' } = options
  if (!framings.includes(framing)) throw invalid(`framing: there is ${framings.join(', ')}, not "${String(framing)}"`)
  const { frameBytesMax, frameMs } = limits
  const dial = dialler(targets, {
    frameBytesMax,
    connectMs: options.connectMs ?? connectMsDefault,
    foreign: framing === 'session' ? undefined : { framing: framing === 'unframed' ? 'unframed' : 'framed', frameMs },
  })
  const urls = targets.map(({ url }) => url.href)
  if (framing !== 'session') {
    const memory = urls.find((url) => url.startsWith('memory:'))
    if (memory !== undefined) throw invalid(`framing: '${framing}' is for tcp: addresses; ${memory} has sessions only`)
    return new SocketCaller({ addresses: urls, dial }, speechOf(framing, options, limits))
  }
  if (options.codec !== undefined && options.codec !== 'binary') {
    throw invalid(
      `codec: sessions of ours are binary; '${options.codec}' goes with framing: 'framed', 'unframed' or 'header', and with http: addresses`,
    )
  }
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal)
  return new SessionCaller({ journal, methods, addresses: urls, dial }, options, limits)
}

/** Goes to the next address each time. */
function dialler(
  targets: readonly ReturnType<typeof transportFor>[],
  options: DialOptions,
): (owner: ConnectionOwner) => Promise<Connection> {
  let attempt = 0
  return (owner) => {
    const { transport, url } = targets[attempt++ % targets.length] as (typeof targets)[number]
    return transport.connect(url, owner, options)
  }
}

function invalid(message: string): OncewireError {
  return new OncewireError('invalid-argument', 'never', message)
}
