/**
 * What the parser does not see: the comments and line breaks between tokens, found again in the text.
 *
 * Invariant: the lexer keeps none of it, so whoever only compiles does not pay for it.
 */
import type { Token } from './lexer.ts'

export interface Comment {
  /** As written, its line breaks LF alone, without white space at the ends of its lines. */
  readonly text: string
  /** Line breaks between it and what stands before it. */
  readonly breaks: number
  /** `//` or `#`: the rest of the line is its own. */
  readonly isLine: boolean
}

export interface Written {
  /** The token as written. */
  readonly text: string
  /** Between the token before and this one. */
  readonly comments: readonly Comment[]
  /** Line breaks between the last of the comments, or the token before, and this one. */
  readonly breaks: number
}

/** For each of `tokens`, which were lexed from `text` without an error, how it was written. */
export function writtenTokens(text: string, tokens: readonly Token[]): Written[] {
  const starts = lineStarts(text)
  let end = starts[0] as number
  return tokens.map(({ kind, position, length }) => {
    const start = (starts[position.line - 1] as number) + position.column - 1
    const gap = text.slice(end, start)
    end = kind === 'end' ? start : start + length
    return { text: text.slice(start, end), ...between(gap) }
  })
}

function lineStarts(text: string): number[] {
  const starts = [text.startsWith('\uFEFF') ? 1 : 0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

const commentForm = /(?:\/\/|#)[^\n]*|\/\*[^]*?\*\//g

const none: readonly Comment[] = []

function between(gap: string): Pick<Written, 'comments' | 'breaks'> {
  if (!/[/#]/.test(gap)) return { comments: none, breaks: countBreaks(gap) }
  let end = 0
  const comments = [...gap.matchAll(commentForm)].map((match) => {
    const breaks = countBreaks(gap.slice(end, match.index))
    end = match.index + match[0].length
    const isLine = !match[0].startsWith('/*')
    const lines = match[0].split('\n').map((line) => line.replace(/[ \t\r]+$/, ''))
    return { text: lines.join('\n'), breaks, isLine }
  })
  return { comments, breaks: countBreaks(gap.slice(end)) }
}

function countBreaks(white: string): number {
  let count = 0
  for (let at = white.indexOf('\n'); at >= 0; at = white.indexOf('\n', at + 1)) count++
  return count
}
