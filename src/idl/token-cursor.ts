/**
 * A parser's place among its tokens, and its way on behind a mistake.
 *
 * Invariant: every call moves on or throws; nothing here loops on a bad file.
 */
import { nearest } from '../std/suggest.ts'
import type { Place, Reporter, Text } from './diagnostic.ts'
import type { Token } from './lexer.ts'
import type { Name } from './tree.ts'

export const definitionWords: readonly string[] = [
  'typedef',
  'const',
  'enum',
  'struct',
  'union',
  'exception',
  'service',
]
export const headerWords: readonly string[] = ['include', 'cpp_include', 'namespace']

/** Stops the parsing of one element; what is wrong has been reported. */
export class Unparsable extends Error {}

export class TokenCursor {
  protected readonly tokens: readonly Token[]
  protected readonly reporter: Reporter
  protected at = 0
  private isEndTold = false

  constructor(tokens: readonly Token[], reporter: Reporter) {
    this.tokens = tokens
    this.reporter = reporter
  }

  protected get token(): Token {
    return this.tokens[Math.min(this.at, this.tokens.length - 1)] as Token
  }

  protected next(): Token {
    const { token } = this
    if (token.kind !== 'end') this.at++
    return token
  }

  protected isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text
  }

  protected isWord(text: string): boolean {
    return this.token.kind === 'identifier' && this.token.text === text
  }

  protected isAnyOf(words: readonly string[]): boolean {
    return this.token.kind === 'identifier' && words.includes(this.token.text)
  }

  protected takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false
    this.at++
    return true
  }

  protected separator(): void {
    if (this.isSymbol(',') || this.isSymbol(';')) this.at++
  }

  protected expect(text: string): void {
    if (!this.takeSymbol(text))
      throw this.fail('syntax', this.token, [`expected "${text}", found ${shown(this.token)}`])
  }

  protected takeIdentifier(what: string): Token {
    return this.take('identifier', what)
  }

  protected takeString(what: string): Token {
    return this.take('string', what)
  }

  protected takeInteger(what: string): Token {
    return this.take('integer', what)
  }

  protected take(kind: Token['kind'], what: string): Token {
    if (this.token.kind !== kind)
      throw this.fail('syntax', this.token, [`expected ${what}, found ${shown(this.token)}`])
    return this.next()
  }

  protected dotted(name: Name, what: string): void {
    this.reporter.error('dotted-name', name, [
      `the name of ${what} has no dots`,
      `write ${name.text.replaceAll('.', '_')}`,
    ])
  }

  protected fail(code: string, place: Place, text: Text): Unparsable {
    this.reporter.error(code, place, text)
    return new Unparsable()
  }

  /** At the end of the file the innermost that is open is told; the others are so by the same mistake. */
  protected neverClosed(close: string, open: Place): Unparsable {
    if (this.token.kind === 'end' && this.isEndTold) return new Unparsable()
    this.isEndTold = this.token.kind === 'end'
    const { line, column } = open.position
    const bracket = { '}': '{', ')': '(', ']': '[' }[close] ?? ''
    return this.fail('syntax', this.token, [
      `expected "${close}", found ${shown(this.token)}`,
      `the "${bracket}" at ${line}:${column} is never closed`,
    ])
  }

  /** For an element about which enough has been said. */
  protected unparsable(): Unparsable {
    return new Unparsable()
  }

  protected suggested(word: string, candidates: readonly string[]): string | undefined {
    const near = nearest(word, candidates)
    return near === undefined ? undefined : `did you mean ${near}?`
  }

  // --- going on behind a mistake

  /** To the next definition: a definition word that is first on its line, or stands at no brace's depth. */
  protected skipToDefinition(start: number): void {
    let depth = 0
    for (let i = start; i < this.at; i++) depth += depthOf(this.tokens[i] as Token)
    if (this.at === start) this.at++
    while (this.token.kind !== 'end') {
      const isWord = this.isAnyOf(definitionWords) || this.isAnyOf(headerWords)
      if (isWord && (depth <= 0 || (this.token.isFirstOnLine && this.token.position.column === 1))) return
      depth += depthOf(this.next())
    }
  }

  /** To the next field, argument, member or function of the same body, or to the end of that body. */
  protected skipElement(close: '}' | ')', start: number): void {
    const open = { braces: 0, others: 0 }
    for (let i = start; i < this.at; i++) countBrackets(this.tokens[i] as Token, open)
    if (this.at === start && !this.isSymbol(close)) countBrackets(this.next(), open)
    for (; this.token.kind !== 'end'; countBrackets(this.next(), open)) {
      const { token } = this
      const isInside = open.braces > 0 || open.others > 0
      if (this.isSymbol('}') && open.braces === 0) return
      if (this.isSymbol(close) && !isInside) return
      if (this.isDefinition() && token.position.column === 1) return
      if (!isInside && token.isFirstOnLine && this.at > start + 1 && !this.isSymbol('{')) return
      if (!isInside && (this.isSymbol(',') || this.isSymbol(';'))) {
        this.at++
        return
      }
    }
  }

  /** No element begins with a definition word and a name: where one does, what was open was forgotten. */
  protected isDefinition(): boolean {
    return this.isAnyOf(definitionWords) && this.tokens[this.at + 1]?.kind === 'identifier'
  }
}

function depthOf(token: Token): number {
  if (token.kind !== 'symbol') return 0
  return token.text === '{' ? 1 : token.text === '}' ? -1 : 0
}

function countBrackets({ kind, text }: Token, open: { braces: number; others: number }): void {
  if (kind !== 'symbol') return
  if (text === '{') open.braces++
  else if (text === '}') open.braces = Math.max(0, open.braces - 1)
  else if ('([<'.includes(text)) open.others++
  else if (')]>'.includes(text)) open.others = Math.max(0, open.others - 1)
}

export function placeOf({ position, length }: Place): Place {
  return { position, length }
}

export function shown(token: Token): string {
  if (token.kind === 'end') return 'the end of the file'
  return token.kind === 'string' ? 'a string' : `"${token.text}"`
}
