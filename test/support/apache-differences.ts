/**
 * Where our compiler decides otherwise than Apache's, and why: the probes of test/probes that show it, by their titles, and
 * by what it is known again in files of other people.
 */
import type { Diagnostic } from '../../src/idl/diagnostic.ts'
import type { Verdict } from './apache.ts'

export interface Difference {
  readonly reason: string
  readonly probes: readonly string[]
}

interface Refusal extends Difference {
  /** Codes of our errors. */
  readonly codes: readonly string[]
  /** Of the line that has the error. */
  readonly line?: RegExp
}

interface Acceptance extends Difference {
  /** Apache's error. */
  readonly said: RegExp
}

const oursRefuses: readonly Refusal[] = [
  {
    reason: 'our annotations promise something; a promise that cannot be kept is an error',
    codes: ['unknown-delivery', 'unknown-effect', 'unknown-key', 'effect-needs-exactly-once', 'oneway-delivery'],
    probes: [
      'delivery: empty',
      'delivery: misspelt value',
      'delivery: upper case',
      'delivery: without a value',
      'effect without exactly-once',
      'key that names no argument',
      'key: no arguments',
      'oneway exactly-once',
      'oneway: at-least-once',
      'unknown delivery',
      'unknown delivery of a service',
      'unknown effect',
    ],
  },
  {
    reason: 'a field id has 16 bits on the wire: Apache warns, and the id wraps there and meets another',
    codes: ['id-too-large'],
    probes: ['id 32768', 'id huge', 'id over 16 bits'],
  },
  {
    reason: 'Apache drops a value of another kind without a word and goes on with an empty container',
    codes: ['wrong-value', 'unknown-constant'],
    probes: [
      'a container by a name that is nowhere',
      'list from a map',
      'list from int',
      'list from string',
      'map from a list',
      'map from int',
      'set from map',
    ],
  },
  {
    reason: 'Apache reads a string or a double as the number 0 where a member is wanted',
    codes: ['no-member'],
    probes: ['a member as a string', 'enum from double', 'enum from string'],
  },
  {
    reason: 'a sign or an exponent without digits is no number; Apache reads it as 0',
    codes: ['stray-character', 'syntax', 'unknown-constant'],
    line: /[+-](?!\.?\d)|[eE][+-]\d/,
    probes: ['exponent without digits', 'lone sign'],
  },
  {
    reason:
      'a type that is nowhere is a mistake, also where only a typedef names it: Apache looks when something uses it',
    codes: ['unknown-type', 'gone'],
    line: /\btypedef\b/,
    probes: ['typedef of a service', 'typedef of undefined in list unused', 'typedef of undefined unused'],
  },
  {
    reason: 'a typedef made of itself has no meaning; Apache hangs or overflows as soon as something uses it',
    codes: ['typedef-cycle'],
    probes: ['typedef of itself', 'typedefs in a circle'],
  },
]

const oursAccepts: readonly Acceptance[] = [
  {
    reason: "Apache's compiler crashes on a doc comment of two spaces",
    said: /^ended by SIGSEGV/,
    probes: ['doc comment of spaces'],
  },
  {
    reason: 'one name in two files is reachable in two ways; generated files keep them apart',
    said: /^Type ".*" is already defined/,
    probes: ['include type same name defined', 'include: same names in both files'],
  },
  {
    reason: 'Apache takes a file twice unless it holds a constant or an enum; ours warns and takes it once',
    said: /^Enum .* is already defined/,
    probes: ['include twice'],
  },
  {
    reason: 'Apache does not look up names in values of exceptions, and then fails to write them',
    said: /unset enum|^type error: const ".*" was declared as/,
    probes: ['exception const with const ref', 'exception const with enum'],
  },
  {
    reason: "Apache parses a member's name with a dot, and then its generators look for the last word alone",
    said: /^Error: Unable to find enum value/,
    probes: ['a member with a dot, behind the name of its file'],
  },
]

/** Why the two differ about a file; undefined if they don't, or if nothing explains it. */
export function explanation(
  apache: Verdict,
  errors: readonly Diagnostic[],
  lineOf: (error: Diagnostic) => string,
): Difference | undefined {
  const [first] = errors
  if (apache.isAccepted === (first === undefined)) return undefined
  if (first === undefined) return oursAccepts.find(({ said }) => said.test(apache.said))
  return oursRefuses.find(({ codes, line }) => codes.includes(first.code) && (line?.test(lineOf(first)) ?? true))
}

/** What 0.17.0 refuses and today's compiler accepts. */
const old: readonly Difference[] = [
  {
    reason: 'uuid came later',
    probes: [
      'all base types',
      'constants: uuid, with and without braces',
      'string from uuid',
      'uuid const from string',
      'uuid const from uuid',
      'uuid upper',
      'the keyword uuid names no struct',
    ],
  },
  {
    reason: 'keywords became names of fields and arguments later',
    probes: [
      'a type word as a field of a named type',
      'every keyword as a field',
      'every keyword as an argument and an exception',
      'extends as arg',
      'field name async',
      'keywords as argument names',
      'keywords as field names',
      'req named optional no req',
      'req named required',
    ],
  },
  {
    reason: 'words of many languages, and those that Thrift once had, were refused as names',
    probes: [
      'gone words as names are names',
      'gone words may name types',
      'typedef of a struct, recursive',
      'words of other languages as names',
      'words like keywords are types and names',
      'words that are keywords elsewhere are names',
    ],
  },
  {
    reason: 'cpp_type stood only behind list<>',
    probes: ['cpp_type before and after', 'cpp_type variants'],
  },
]

/** For versions that were looked at; undefined for others. */
export function decidedDifferences(version: string): readonly Difference[] | undefined {
  const always = [...oursRefuses, ...oursAccepts]
  if (version.startsWith('0.25.')) return always
  return version.startsWith('0.17.') ? [...always, ...old] : undefined
}
