/**
 * The peers, Apache Thrift's own libraries, and what each of them can speak.
 */
import { combine } from './combination.ts'

export interface Peer {
  readonly name: string
  readonly library: string
  /** Combinations in which it calls our server. */
  readonly asClient: readonly string[]
  /** Combinations in which our client calls its server. */
  readonly asServer: readonly string[]
}

const everywhere = combine(['framed', 'unframed', 'http'])
const multiplexed = [
  ...combine(['framed', 'unframed'], { more: '/multiplexed' }),
  ...combine(['http'], { only: ['binary'], more: '/multiplexed' }),
]
const oldBinary = combine(['framed', 'unframed'], { only: ['old-binary'] })
const header = combine(['header'], { only: ['binary', 'compact'] })
const zlib = combine(['header-zlib'], { only: ['binary', 'compact'] })
const uuid = combine(['framed'], { more: '/uuid' })
const client = [...everywhere, ...oldBinary, ...header, ...zlib, ...multiplexed]
const server = [...everywhere, ...oldBinary, ...header, ...multiplexed]

const without = (combinations: readonly string[], what: RegExp): string[] =>
  combinations.filter((combination) => !what.test(combination))

export const peers: readonly Peer[] = [
  { name: 'python', library: 'thrift, of PyPI', asClient: [...client, ...uuid], asServer: [...server, ...uuid] },
  { name: 'python-debian', library: 'python3-thrift, of Debian', asClient: client, asServer: server },
  {
    name: 'go',
    library: 'github.com/apache/thrift',
    asClient: [...client, ...uuid],
    asServer: [...server, ...zlib, ...uuid],
  },
  { name: 'java', library: 'libthrift', asClient: without(client, /header/), asServer: without(server, /header/) },
  {
    name: 'node',
    library: 'thrift, of npm',
    asClient: [...without(client, /zlib/), ...uuid],
    asServer: [...server, ...uuid],
  },
  { name: 'cpp', library: 'libthrift-dev, of Debian', asClient: without(client, /zlib/), asServer: server },
]
