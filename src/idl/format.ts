/**
 * A Thrift file in the one style of `oncewire format`: every comment kept, what it means unchanged.
 *
 * Invariant: what is answered has the tokens and the comments of what was given, in the same order; formatted again, it
 * stays as it is. The style and its reasons: docs/decisions/0007-style-of-idl.md.
 */
import { assert } from '../std/assert.ts'
import { type Diagnostic, Reporter } from './diagnostic.ts'
import { layoutOf } from './format-layout.ts'
import { layOut } from './layout.ts'
import { lex, type Token } from './lexer.ts'
import { parse } from './parser.ts'
import { writtenTokens } from './trivia.ts'

export interface Formatted {
  /** undefined where the text has an error. */
  readonly text: string | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** Columns that a line may have where it can be broken. */
const width = 100

/** `text`, the text of `file`, formatted. Included files are not looked at: names need not be known. */
export function format(text: string, file: string): Formatted {
  const diagnostics: Diagnostic[] = []
  parse(text, new Reporter(file, diagnostics))
  if (diagnostics.some(({ severity }) => severity === 'error')) return { text: undefined, diagnostics }
  const tokens = tokensOf(text)
  const body = layOut(layoutOf(tokens, writtenTokens(text, tokens)), width)
  const formatted = body === '' ? '' : `${body}\n`
  assert(sayTheSame(text, formatted), `formatting ${file} would change what it says; it is left as it is`)
  const isCrlf = /^[^\n]*\r\n/.test(text)
  return { text: isCrlf ? formatted.replaceAll('\n', '\r\n') : formatted, diagnostics }
}

function tokensOf(text: string): Token[] {
  return lex(text, new Reporter('', []))
}

/** Whether two texts have the same tokens, doc comments and comments, but for separators. */
function sayTheSame(before: string, after: string): boolean {
  return essence(before) === essence(after)
}

function essence(text: string): string {
  const tokens = tokensOf(text)
  const essentials = tokens.filter(({ kind, text: word }) => kind !== 'symbol' || (word !== ',' && word !== ';'))
  // Before a bracket or the end a doc comment documents nothing.
  const documents = (kind: Token['kind']): boolean => kind !== 'symbol' && kind !== 'end'
  const said = essentials.map(({ kind, text: word, doc }) => [kind, word, documents(kind) ? doc : undefined])
  const comments = writtenTokens(text, tokens).flatMap((one) => one.comments.map((comment) => comment.text))
  return JSON.stringify([said, comments.map((comment) => comment.replace(/\n\s*/g, '\n'))])
}
