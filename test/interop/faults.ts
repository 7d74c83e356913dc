/**
 * What the peers themselves get wrong, each with its reason. A case named here must fail where it is said to; one that no
 * longer does fails the run, so that this list stays true.
 */

export interface Fault {
  readonly peers: readonly string[]
  /** Who calls: the peer, our client, or both. */
  readonly caller?: 'peer' | 'ours'
  readonly cases: readonly string[]
  /** Of the combination; all of them if absent. */
  readonly where?: RegExp
  readonly reason: string
}

export const faults: readonly Fault[] = [
  {
    peers: ['python', 'python-debian'],
    cases: ['echoPointSet two', 'echoPointMap two', 'echoListSet two'],
    reason: 'structs and lists cannot be hashed in Python, so they are no members of a set and no keys',
  },
  {
    peers: ['python', 'python-debian'],
    cases: ['echoDouble infinity', 'echoDouble minus infinity', 'echoDouble not a number', 'echoDoubles odd'],
    where: /^json/,
    reason: 'TJSONProtocol writes inf, -inf and nan instead of Infinity, -Infinity and NaN',
  },
  {
    peers: ['go'],
    cases: ['echoDefaults untouched'],
    reason:
      "NewDefaults() leaves a struct's default out, and writes a nil struct as an empty one, without its required fields",
  },
  {
    peers: ['go'],
    cases: ['echoBinaryMap two'],
    where: /^json/,
    reason: 'a binary key is a Go string, and TJSONProtocol writes it as text instead of base64',
  },
  {
    peers: ['node'],
    cases: ['echoDouble minus zero'],
    reason: 'writes -0 as 0',
  },
  {
    peers: ['node'],
    cases: ['echoStringMap names of JavaScript'],
    reason: 'a map is a plain object: the key __proto__ is lost',
  },
  {
    peers: ['node'],
    cases: ['echoI64Map extremes', 'echoBoolMap both', 'echoBinaryMap two', 'echoPointMap two'],
    reason: 'a map is a plain object: keys become text, which is no i64, bool, binary or struct any more',
  },
  {
    peers: ['node'],
    cases: ['echoBools mixed', 'echoBools twenty', 'echoBoolSet both', 'evolve wide', 'echoEverything everything'],
    where: /^compact/,
    reason: 'every bool in a container is read as false',
  },
  {
    peers: ['node'],
    cases: ['echoCube ragged', 'echoEverything everything'],
    where: /^json/,
    reason: 'what follows an empty list inside a container is read as empty',
  },
  {
    peers: ['java'],
    cases: ['echoColor unknown'],
    reason: 'an enum number that the IDL does not name cannot be sent, and is read as null',
  },
  {
    peers: ['cpp'],
    cases: ['echoString nul', 'echoStrings odd'],
    where: /^json/,
    reason: 'TJSONProtocol reads \\u0000 as nothing',
  },
  {
    peers: ['cpp'],
    cases: ['note'],
    caller: 'peer',
    where: /http/,
    reason: 'THttpClient does not read the answer to a oneway call, and then takes it for that to the next call',
  },
  {
    peers: ['python-debian'],
    cases: ['seqid'],
    caller: 'peer',
    where: /^old-binary/,
    reason: '0.17 hands over the name of a message without a version as bytes, not as text',
  },
]

/** What else is to be known of how they are tried. */
export const notes: readonly { readonly peer: string; readonly text: string }[] = [
  {
    peer: 'cpp',
    text: 'THeader with zlib is not tried: 0.17 copies what it has inflated over the buffer of the compressed bytes, which is smaller, and crashes or does not, as the heap happens to lie. Later versions have mended that',
  },
  {
    peer: 'java',
    text: 'the library is 0.20, the last that takes what the compiler 0.17 generates. It has no THeader, and over HTTP a servlet, whose place the JDK server takes',
  },
  {
    peer: 'node',
    text: 'a generated client flushes the transport and not the protocol, so THeader is written by our program itself. Handlers answer before they return: what is answered later goes out without THeader',
  },
  {
    peer: 'python',
    text: 'THeader with zlib is tried where the peer begins with it. Our client compresses once the server has; of these only that of Go does so unasked',
  },
]

/** The fault that a case is expected to show. */
export function faultOf(
  peer: string,
  {
    caller,
    combination,
    name,
  }: { readonly caller: 'peer' | 'ours'; readonly combination: string; readonly name: string },
): Fault | undefined {
  return faults.find(
    (fault) =>
      fault.peers.includes(peer) &&
      fault.cases.includes(name) &&
      (fault.caller ?? caller) === caller &&
      (fault.where?.test(combination) ?? true),
  )
}
