/**
 * From what a user told `connect` to who makes the calls.
 *
 * Invariant: options that cannot be kept are refused here, before anything is opened or connected.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { openJournal } from '../journal/file-journal.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { transportFor } from '../transport/choose.ts'
import type { Connection, ConnectionOwner, ForeignServer } from '../transport/transport.ts'
import { invalid, show } from '../wire/check.ts'
import type { Caller } from './caller.ts'
import type { ConnectOptions } from './connect-options.ts'
import { type Limits, withDefaults } from './limits.ts'
import { HttpCaller } from './plain/http-caller.ts'
import { SocketCaller } from './plain/socket-caller.ts'
import { speechOf } from './plain/speech.ts'
import { SessionCaller } from './session-caller.ts'

/** How long `connect` waits for the server, in milliseconds, where the user does not say. */
export const connectMsDefault = 5_000

const framings: readonly unknown[] = ['session', 'framed', 'unframed', 'header']

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
  if (addresses.length === 0) throw badTarget('connect() was given an empty list of addresses')
  const limits = withDefaults(options.limits)
  const { framing, codec } = options
  if (framing !== undefined && !framings.includes(framing))
    throw invalid(`framing: there is ${framings.join(', ')}, not ${show(framing)}`)
  if (addresses.some(isHttp)) return new HttpCaller(httpUrls(addresses, framing), speechOf('http', options, limits))
  if (framing !== undefined && framing !== 'session') {
    const speech = speechOf(framing, options, limits)
    const memory = addresses.find((address) => /^memory:/i.test(address))
    if (memory !== undefined) throw invalid(`framing: '${framing}' is for tcp: addresses; ${memory} has sessions only`)
    const foreign = { framing: framing === 'unframed' ? 'unframed' : 'framed', frameMs: limits.frameMs } as const
    return new SocketCaller(dialler(addresses, { options, limits, foreign }), speech)
  }
  if (codec !== undefined && codec !== 'binary') {
    throw invalid(
      `codec: calls in sessions are binary; '${codec}' goes with framing: 'framed', 'unframed' or 'header', and with http: addresses`,
    )
  }
  const dialled = dialler(addresses, { options, limits, foreign: undefined })
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal)
  return new SessionCaller({ journal, methods, ...dialled }, options, limits)
}

interface Dialled {
  /** As people read them. */
  readonly addresses: readonly string[]
  /** Makes a connection: to the address that answered last, or the next one. */
  readonly dial: (owner: ConnectionOwner) => Promise<Connection>
  /** The address of the connection made last. */
  readonly endpoint: () => string
}

function dialler(
  addresses: readonly string[],
  how: { readonly options: ConnectOptions; readonly limits: Limits; readonly foreign: ForeignServer | undefined },
): Dialled {
  const targets = addresses.map(transportFor)
  const { options, limits, foreign } = how
  const { frameBytesMax } = limits
  const { connectMs = connectMsDefault } = options
  let current = targets[0] as (typeof targets)[number]
  return {
    addresses: targets.map(({ url }) => url.href),
    endpoint: () => current.url.href,
    async dial(owner) {
      const { transport, url } = current
      try {
        return await transport.connect(url, owner, { frameBytesMax, connectMs, foreign })
      } catch (error) {
        current = targets[(targets.indexOf(current) + 1) % targets.length] as typeof current
        throw error
      }
    },
  }
}

function isHttp(address: string): boolean {
  return /^https?:/i.test(address)
}

/** Each message stands in a request of its own there. */
function httpUrls(addresses: readonly string[], framing: ConnectOptions['framing']): URL[] {
  if (framing !== undefined)
    throw invalid(`framing: over HTTP each call is a request, so there is none; leave out framing: '${framing}'`)
  return addresses.map((address) => {
    if (isHttp(address) && URL.canParse(address)) return new URL(address)
    const why = isHttp(address) ? 'it is no URL' : 'the others of its list are http: addresses'
    throw badTarget(`"${address}" cannot be used: ${why}`)
  })
}

function badTarget(message: string): OncewireError {
  return new OncewireError('invalid-target', 'never', message)
}
