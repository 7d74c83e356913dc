/**
 * What other compilers call Thrift and Apache's does not: recognised, named, and read over.
 *
 * Invariant: one message for each kind in a file; behind it parsing goes on as if it were not there.
 */
import { nearest } from '../std/suggest.ts'
import type { Place } from './diagnostic.ts'
import type { Token } from './lexer.ts'
import type { Position } from './program.ts'
import { shown, TokenCursor, type Unparsable } from './token-cursor.ts'

/** Words of Apache's own past, and what is written today. */
const gone: ReadonlyMap<string, string> = new Map([
  ['senum', 'use an enum, or string'],
  ['slist', 'use string'],
  ['xception', 'write exception'],
  ['cpp_namespace', 'write namespace cpp x'],
  ['php_namespace', 'write namespace php x'],
  ['java_package', 'write namespace java x'],
  ['java_namespace', 'write namespace java x'],
  ['py_module', 'write namespace py x'],
  ['perl_package', 'write namespace perl x'],
  ['ruby_namespace', 'write namespace rb x'],
  ['smalltalk_category', 'write namespace st.category x'],
  ['smalltalk_prefix', 'write namespace st.prefix x'],
  ['cocoa_prefix', 'write namespace cocoa x'],
  ['cocoa_package', 'write namespace cocoa x'],
  ['csharp_namespace', 'write namespace netstd x'],
  ['delphi_namespace', 'write namespace delphi x'],
  ['xsd_namespace', 'write namespace xsd x'],
])

/** Words of other dialects, and forms that have no word of their own. */
type Form =
  | 'annotation'
  | 'blame'
  | 'namedAnnotation'
  | 'quotedNamespace'
  | 'constAnnotation'
  | 'hash_map'
  | 'hash_set'
  | 'hs_include'
  | 'idempotent'
  | 'includeAs'
  | 'includeNamed'
  | 'initial'
  | 'interaction'
  | 'literal'
  | 'package'
  | 'performs'
  | 'readonly'
  | 'scope'
  | 'sink'
  | 'stream'
  | 'terse'

const forms: Readonly<Record<Form, readonly [what: string, whose: string, instead: string]>> = {
  annotation: [
    'an annotation that begins with "@"',
    'fbthrift',
    'write (name = "value") behind the thing it describes, or remove it',
  ],
  package: ['"package"', 'fbthrift', 'write a namespace for each language: namespace py a.b'],
  hs_include: ['"hs_include"', 'fbthrift', 'remove it'],
  interaction: ['"interaction"', 'fbthrift', 'make it a service, and pass a string or i64 that names the interaction'],
  performs: ['"performs"', 'fbthrift', 'interactions have no counterpart: remove it'],
  stream: ['stream<>', 'fbthrift', 'return a list<>, a page at a call'],
  sink: ['sink<>', 'fbthrift', 'take a list<> as an argument, a part at a call'],
  hash_map: ['hash_map<>', 'fbthrift', 'write map<>'],
  hash_set: ['hash_set<>', 'fbthrift', 'write set<>'],
  idempotent: ['"idempotent"', 'fbthrift', 'write (delivery = "at-least-once") behind the function'],
  readonly: ['"readonly"', 'fbthrift', 'write (delivery = "at-least-once") behind the function'],
  initial: ['an answer before a stream', 'fbthrift', 'make it two functions'],
  blame: ['a word that says who is to blame for an exception', 'fbthrift', 'remove it'],
  namedAnnotation: [
    'an annotation behind the name of a type',
    'fbthrift',
    'write it behind the name of the field or typedef',
  ],
  quotedNamespace: ['a namespace in quotes', 'fbthrift', 'write it without: namespace py a.b'],
  terse: ['"terse"', 'fbthrift', 'remove it, or write optional'],
  literal: ['a value that begins with the name of its struct', 'fbthrift', 'write { "field": value }'],
  includeAs: ['a name for an included file', 'fbthrift', 'names in it begin with the name of the file'],
  includeNamed: ['a name before an included file', 'thriftrw', 'names in it begin with the name of the file'],
  constAnnotation: ['an annotation behind the value of a constant', 'thriftgo', 'remove it'],
  scope: ['"scope"', 'Frugal', 'publishing and subscribing has no counterpart: remove it'],
}

/** Words that open a definition elsewhere. */
const openers: ReadonlySet<string> = new Set(['package', 'hs_include', 'interaction', 'scope'])
const blames: ReadonlySet<string> = new Set('safe transient stateful permanent client server'.split(' '))

/** What types are called elsewhere. */
const typesElsewhere: ReadonlyMap<string, string> = new Map(
  [
    'i8: int8 sbyte int8_t',
    'i16: short int16 int16_t smallint',
    'i32: int integer int32 int32_t sint32',
    'i64: long int64 int64_t bigint sint64',
    'double: float real decimal number float32 float64',
    'string: str text char varchar utf8',
    'binary: bytes blob bytearray buffer',
    'bool: boolean',
    'list: array vector seq',
    'map: dict hashmap object',
    'uuid: guid',
    'i64, a time in milliseconds: date datetime time timestamp',
    'a signed type: u8 u16 u32 u64 uint uint8 uint16 uint32 uint64 unsigned ulong ushort',
    'binary, or two i64: i128 int128 u128',
    'a union: any variant oneof',
  ].flatMap((row) => {
    const [instead, names] = row.split(': ') as [string, string]
    return names.split(' ').map((name) => [name, instead] as const)
  }),
)

/** What is written today for a word that was once Thrift. */
export function insteadOfGone(word: string): string | undefined {
  return gone.get(word)
}

/** What to write for a type that other languages and dialects have. */
export function typeElsewhere(name: string): string | undefined {
  const instead = typesElsewhere.get(name.toLowerCase())
  if (instead === undefined) return undefined
  return name === 'float'
    ? `float is fbthrift's, not Apache Thrift's: write double`
    : `Thrift has no ${name}: write ${instead}`
}

export class DialectCursor extends TokenCursor {
  private readonly told = new Set<Form>()
  private readonly skipped: [from: Position, to: Position][] = []

  /** Says once in a file what a form is; the place where it stands first. */
  protected foreign(form: Form, place: Place): void {
    if (this.told.has(form)) return
    this.told.add(form)
    const [what, whose, instead] = forms[form]
    this.reporter.error('foreign', place, [`${what} is ${whose}'s, not Apache Thrift's`, instead])
  }

  /** Throws at a type before `<` that takes no types. */
  protected refuseGeneric(word: Token): never {
    const { text } = word
    const form = Object.hasOwn(forms, text) ? forms[text as Form] : undefined
    if (form !== undefined)
      throw this.fail('foreign', word, [`${form[0]} is ${form[1]}'s, not Apache Thrift's`, form[2]])
    const instead = nearest(text, ['list', 'set', 'map']) ?? typesElsewhere.get(text.toLowerCase())
    throw this.fail('unknown-type', word, [
      `${text}<> is no type`,
      instead === undefined ? 'only list<>, set<> and map<,> take types' : `write ${instead}<>`,
    ])
  }

  /** `@scope.Annotation{ field = value }`, any number of them. */
  protected skipStructuredAnnotations(): void {
    while (this.isSymbol('@')) {
      const at = this.next()
      if (this.token.kind === 'identifier') {
        const name = this.next()
        this.foreign('annotation', { position: at.position, length: at.length + name.length })
      } else this.foreign('annotation', at)
      if (!this.isSymbol('{')) continue
      const { position } = this.token
      this.skipBlock()
      this.skipped.push([position, (this.tokens[this.at - 1] as Token).position])
    }
  }

  /** Strings in what was skipped have escapes of their own: nobody asked. */
  protected withdrawSkipped(): void {
    this.reporter.withdraw(this.skipped)
  }

  /** From an opening bracket to behind the one that closes it. */
  protected skipBlock(): void {
    let depth = 0
    do {
      const { kind, text } = this.next()
      if (kind === 'symbol' && '{(['.includes(text)) depth++
      if (kind === 'symbol' && '})]'.includes(text)) depth--
    } while (depth > 0 && this.token.kind !== 'end')
  }

  /** `idempotent void f()`; a type may have that name: `readonly f()`. */
  protected skipQualifiers(): void {
    while (this.isAnyOf(['idempotent', 'readonly']) && this.isFollowedByType()) {
      const word = this.next()
      this.foreign(word.text as Form, word)
    }
  }

  private isFollowedByType(): boolean {
    const [next, afterwards] = this.tokens.slice(this.at + 1, this.at + 3)
    return next?.kind === 'identifier' && afterwards?.text !== '('
  }

  /** `transient server exception E {`. */
  protected skipBlame(): void {
    const first = this.token
    let ahead = 0
    while (blames.has(this.tokens[this.at + ahead]?.text ?? '')) ahead++
    if (ahead === 0 || this.tokens[this.at + ahead]?.text !== 'exception') return
    this.foreign('blame', first)
    this.at += ahead
  }

  /** `include a "b.thrift"` and `include "b.thrift" as a`. */
  protected skipIncludeName(form: 'includeAs' | 'includeNamed'): void {
    if (form === 'includeAs' && !this.isWord('as')) return
    if (this.token.kind !== 'identifier' || (form === 'includeNamed' && this.tokens[this.at + 1]?.kind !== 'string'))
      return
    this.foreign(form, this.next())
    if (form === 'includeAs' && this.token.kind === 'identifier') this.at++
  }

  /** `i32, stream<i32> f()`. */
  protected refuseInitialAnswer(): void {
    if (!this.isSymbol(',')) return
    this.foreign('initial', this.token)
    throw this.unparsable()
  }

  /** Why no definition begins here. */
  protected noDefinition(words: readonly string[]): Unparsable {
    const { token } = this
    this.refuseGone()
    if (token.kind === 'identifier' && openers.has(token.text)) {
      this.foreign(token.text as Form, token)
      return this.unparsable()
    }
    const before = this.tokens[this.at - 1]
    if ((token.text === ';' || token.text === ',') && token.kind === 'symbol' && before !== undefined)
      return this.fail('syntax', token, [
        `no "${token.text}" stands behind ${before.kind === 'string' ? 'an include' : shown(before)}`,
        `remove the "${token.text}": fbthrift, scrooge and thrifty let it stand, Apache Thrift does not`,
      ])
    return this.fail('syntax', token, [
      token.kind === 'identifier'
        ? `"${token.text}" begins no definition`
        : `expected a definition, found ${shown(token)}`,
      this.suggested(token.text, words) ?? `a file holds ${words.join(', ')}`,
    ])
  }

  /** Throws at a word that was once Thrift. */
  protected refuseGone(): void {
    const { token } = this
    const instead = token.kind === 'identifier' ? gone.get(token.text) : undefined
    if (instead !== undefined) throw this.fail('gone', token, [`"${token.text}" is no longer part of Thrift`, instead])
  }
}
