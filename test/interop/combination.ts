/**
 * How a peer is spoken with: codec/transport, with /multiplexed behind it where services share a connection by name, or
 * /uuid for the service of uuids.thrift.
 */

export interface Combination {
  readonly codec: 'binary' | 'compact' | 'json'
  readonly transport: 'framed' | 'unframed' | 'header' | 'http'
  readonly isMultiplexed: boolean
  readonly isUuid: boolean
}

/** `old-binary` and `header-zlib` are the peer's to choose: whoever answers uses what came. */
export function parse(text: string): Combination {
  const [codec = '', transport = '', more] = text.split('/')
  return {
    codec: codec.replace('old-', '') as Combination['codec'],
    transport: transport.replace('-zlib', '') as Combination['transport'],
    isMultiplexed: more === 'multiplexed',
    isUuid: more === 'uuid',
  }
}

const codecs = ['binary', 'compact', 'json']

/** Each of the transports with each of the codecs. */
export function combine(
  transports: readonly string[],
  { only = codecs, more = '' }: { readonly only?: readonly string[]; readonly more?: string } = {},
): string[] {
  return transports.flatMap((transport) => only.map((codec) => `${codec}/${transport}${more}`))
}
