/**
 * Thrift text into tokens. Lexical rules as Apache's compiler has them, except that what makes it loop for ever (a
 * comment or string without end) is an error with a place.
 *
 * Invariant: linear in the length of the text; always ends with an `end` token.
 */
import type { Place, Reporter } from './diagnostic.ts'
import type { Position } from './program.ts'

export interface Token extends Place {
  readonly kind: 'identifier' | 'integer' | 'double' | 'string' | 'symbol' | 'end'
  /** As written; of a string, what it means. */
  readonly text: string
  readonly integer: bigint
  /** The doc comment that stands before it. */
  readonly doc: string | undefined
  /** Nothing but white space before it on its line. */
  readonly isFirstOnLine: boolean
}

const i64Max = 2n ** 63n - 1n

export function lex(text: string, reporter: Reporter): Token[] {
  return new Lexer(text, reporter).tokens()
}

class Lexer {
  private readonly text: string
  private readonly reporter: Reporter
  private at = 0
  private line = 1
  private lineStart = 0
  private doc: string | undefined
  private lastTokenLine = 0
  private readonly found: Token[] = []

  constructor(text: string, reporter: Reporter) {
    this.text = text
    this.reporter = reporter
    if (text.charCodeAt(0) === 0xfeff) this.lineStart = this.at = 1
  }

  tokens(): Token[] {
    while (this.at < this.text.length) this.step()
    this.add('end', this.at, 'end of file')
    return this.found
  }

  private step(): void {
    const char = this.text[this.at] as string
    const next = this.text[this.at + 1]
    if (char === '\n') this.newLine()
    else if (char === ' ' || char === '\t' || char === '\r') this.at++
    else if (char === '#' || (char === '/' && next === '/')) this.lineComment()
    else if (char === '/' && next === '*') this.blockComment()
    else if (char === '"' || char === "'") this.string(char)
    else if (/[A-Za-z_]/.test(char)) this.word()
    else if (this.number()) return
    else if ('{}()<>[]=:;,*&@'.includes(char)) this.symbol(char)
    else this.stray()
  }

  private newLine(): void {
    this.at++
    this.line++
    this.lineStart = this.at
  }

  private symbol(char: string): void {
    this.at++
    this.add('symbol', this.at - 1, char)
  }

  private lineComment(): void {
    const end = this.text.indexOf('\n', this.at)
    this.at = end < 0 ? this.text.length : end
  }

  private blockComment(): void {
    const start = this.at
    const place = this.place(start, 2)
    const end = this.text.indexOf('*/', start + 2)
    const whole = this.text.slice(start, end < 0 ? undefined : end + 2)
    for (let i = whole.indexOf('\n'); i >= 0; i = whole.indexOf('\n', i + 1)) {
      this.line++
      this.lineStart = start + i + 1
    }
    this.at = start + whole.length
    if (end < 0)
      return this.reporter.error('unterminated-comment', place, ['this comment has no end', 'close it with */'])
    if (whole.startsWith('/**') && whole.length > 5) this.doc = docText(whole)
  }

  private string(quote: string): void {
    const start = this.at
    let value = ''
    for (this.at++; ; this.at++) {
      const char = this.text[this.at]
      if (char === undefined || char === '\n') {
        this.reporter.error('unterminated-string', this.place(start, this.at - start), [
          'this string has no end on its line',
          `close it with ${quote}; a line break inside is \\n (fbthrift and thriftgo take the break itself)`,
        ])
        break
      }
      if (char === quote) {
        this.at++
        break
      }
      value += char === '\\' ? this.escape() : char
    }
    if (value.includes('\ufffd'))
      this.reporter.warning('not-utf8', this.place(start, this.at - start), [
        'this string holds U+FFFD, which stands for bytes that are not UTF-8',
        'save the file as UTF-8',
      ])
    this.add('string', start, value)
  }

  private escape(): string {
    const char = this.text[++this.at] ?? ''
    const meant = escapes[char]
    if (meant !== undefined) return meant
    const isAtEnd = char === '' || char === '\n' || char === '\r'
    this.reporter.error('bad-escape', this.place(this.at - 1, isAtEnd ? 1 : 2), [
      isAtEnd ? 'Thrift has no escape for the end of a line' : `Thrift has no escape \\${char}`,
      `it has \\r \\n \\t \\" \\' and \\\\${/^[xu]$/.test(char) ? `; \\${char} is fbthrift's` : ''}`,
    ])
    if (isAtEnd) this.at--
    return ''
  }

  private word(): void {
    const start = this.at
    wordForm.lastIndex = start
    this.at += wordForm.exec(this.text)?.[0].length ?? 1
    const text = this.text.slice(start, this.at)
    if (text === 'true') this.add('integer', start, text, 1n)
    else if (text === 'false') this.add('integer', start, text, 0n)
    else this.add('identifier', start, text)
  }

  private number(): boolean {
    numberForm.lastIndex = this.at
    const text = numberForm.exec(this.text)?.[0]
    if (text === undefined) return false
    const start = this.at
    this.at += text.length
    if (integerForm.test(text)) this.integer(start, text)
    else this.add('double', start, text)
    return true
  }

  /** Apache's compiler reads digits and sign of a hexadecimal number apart, so -2^63 is written in decimals only. */
  private integer(start: number, text: string): void {
    const [, sign = '', digits = ''] = integerForm.exec(text) as RegExpExecArray
    // What is far too long is not worth making a number of.
    const size = digits.replace(/^0+(?=\d)/, '').length > 20 ? i64Max + 2n : BigInt(digits)
    const isTooLarge = size > i64Max + (sign === '-' && !digits.startsWith('0x') ? 1n : 0n)
    if (isTooLarge)
      this.reporter.error('integer-too-large', this.place(start, text.length), [
        `${text} does not fit into 64 bits`,
        'an i64 holds -9223372036854775808 to 9223372036854775807',
      ])
    this.add('integer', start, text, isTooLarge ? 0n : sign === '-' ? -size : size)
  }

  private stray(): void {
    const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0)
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const name = invisible[code] ?? (/\p{C}|\p{Z}|\p{M}/u.test(char) ? 'an invisible character' : `"${char}"`)
    const { length } = char
    this.reporter.error('stray-character', this.place(this.at, length), [
      `${name} (U+${code}) means nothing here`,
      strayHints.find(([chars]) => chars.includes(char))?.[1],
    ])
    this.at += length
  }

  private add(kind: Token['kind'], start: number, text: string, integer = 0n): void {
    const length = Math.max(1, this.at - start)
    this.found.push({
      kind,
      text,
      integer,
      length,
      position: this.position(start),
      doc: this.doc,
      isFirstOnLine: this.line !== this.lastTokenLine,
    })
    this.doc = undefined
    this.lastTokenLine = this.line
  }

  private place(start: number, length: number): Place {
    return { position: this.position(start), length }
  }

  private position(start: number): Position {
    return { line: this.line, column: start - this.lineStart + 1 }
  }
}

const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '"': '"', "'": "'", '\\': '\\' }
const wordForm = /[A-Za-z_](?:\.[A-Za-z0-9_]|[A-Za-z0-9_])*/y
const integerForm = /^([+-]?)(0x[0-9A-Fa-f]+|\d+)$/
const numberForm = /[+-]?(?:0x[0-9A-Fa-f]+|(?:\d+(?:\.\d+)?|\.\d+)[eE][+-]?\d+|\d*\.\d+|\d+)/y

const invisible: Readonly<Record<string, string>> = {
  '0000': 'a NUL',
  '000B': 'a vertical tab',
  '000C': 'a form feed',
  '00A0': 'a no-break space',
  '200B': 'a zero-width space',
  FEFF: 'a byte order mark',
}
const strayHints: readonly (readonly [chars: string, hint: string])[] = [
  ['\u201c\u201d\u2018\u2019\u00ab\u00bb', 'strings stand between " or \''],
  ['?', 'a field that may be absent is optional: write optional before its type'],
  ['+-', 'a sign stands right before its number, and names have no hyphens: write _'],
  ['.', 'digits stand on both sides of a point, and a name on both sides of a dot'],
  ['/', 'a comment begins with // or /*'],
  ['|', 'one of several types is a union'],
  ['$`!%^~\\', 'names are made of letters, digits and _'],
  ['\u00a0\u200b\ufeff\u0000\u000b\u000c', 'remove it'],
]

/** What a doc comment says, without its stars. */
function docText(comment: string): string | undefined {
  const lines = comment
    .slice(3, -2)
    .split(/\r?\n/)
    .map((line, i) => (i === 0 ? line : line.replace(/^\s*\* ?/, '')).trimEnd())
  while (lines.length > 0 && lines[0]?.trim() === '') lines.shift()
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop()
  if (lines.length === 0) return undefined
  lines[0] = (lines[0] as string).trim()
  return lines.join('\n')
}
