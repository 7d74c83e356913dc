/**
 * What a stock Thrift client may say, as bytes: any message in any dialect and framing.
 */
import { ByteWriter } from '../../src/std/bytes.ts'
import { codecOf, type Dialect, type Envelope, writeMessage } from '../../src/wire/envelope.ts'
import type { Codec } from '../../src/wire/shape.ts'
import { writeTHeader } from '../../src/wire/theader.ts'

/** How a client speaks. */
export interface Speech {
  readonly name: string
  readonly dialect: Dialect
  readonly framing: 'unframed' | 'framed' | 'header' | 'zlib'
}

const dialects = ['binary', 'old-binary', 'compact', 'json'] as const

/** Every dialect in every framing that has it. */
export const speeches: readonly Speech[] = [
  ...dialects.flatMap((dialect) => [
    { name: `${dialect}, unframed`, dialect, framing: 'unframed' } as const,
    { name: `${dialect}, framed`, dialect, framing: 'framed' } as const,
  ]),
  ...(['binary', 'compact'] as const).flatMap((dialect) => [
    { name: `${dialect} in THeader`, dialect, framing: 'header' } as const,
    { name: `${dialect} in THeader with zlib`, dialect, framing: 'zlib' } as const,
  ]),
]

export interface Message {
  readonly kind?: Envelope['kind']
  readonly name: string
  readonly seqid?: number
  /** The struct behind the envelope, in the codec of the dialect; none: an empty one. */
  readonly payload?: Uint8Array
  readonly pairs?: Readonly<Record<string, string>>
}

/** The bytes of a message, framed as the speech has it. */
export function message({ dialect, framing }: Speech, message: Message): Uint8Array {
  const { kind = 'call', name, seqid = 1, payload = empty[codecOf(dialect)], pairs = {} } = message
  const out = new ByteWriter()
  if (framing !== 'unframed') out.u32(0)
  const begin = out.position
  writeMessage(out, { kind, name, seqid, dialect }, payload)
  if (framing === 'header' || framing === 'zlib') {
    const whole = out.slice(begin)
    out.position = begin
    const protocol = dialect === 'compact' ? 'compact' : 'binary'
    writeTHeader(out, { seqid, flags: 0, protocol, isDeflated: framing === 'zlib', pairs }, whole)
  }
  if (framing !== 'unframed') out.view.setUint32(0, out.position - begin)
  return out.slice()
}

const empty: Readonly<Record<Codec, Uint8Array>> = {
  binary: Uint8Array.of(0),
  compact: Uint8Array.of(0),
  json: new Uint8Array(Buffer.from('{}')),
}
