/**
 * Tokens with what stands between them: each step over a token answers it with its comments, laid out.
 *
 * Invariant: tokens and comments keep their order, but for separators, which whoever steps puts where the style has
 * them. A doc comment stays before the token that it stood before, since that is what it documents.
 */
import { Reporter } from './diagnostic.ts'
import { all, type CommentDoc, type Doc, hardLine, isBroken, type Line, sequence, space, text } from './layout.ts'
import type { Token } from './lexer.ts'
import { TokenCursor } from './token-cursor.ts'
import type { Comment, Written } from './trivia.ts'

export class CommentCursor extends TokenCursor {
  private readonly written: readonly Written[]
  /** Comments that are still to be placed, before the current token. */
  protected comments: readonly Comment[]
  /** Line breaks between the last of them, or the token before, and the current token. */
  private breaks: number

  constructor(tokens: readonly Token[], written: readonly Written[]) {
    super(tokens, new Reporter('', []))
    this.written = written
    this.comments = written[0]?.comments ?? []
    this.breaks = written[0]?.breaks ?? 0
  }

  /** Passes over a separator; what is answered are doc comments before it, which stay there. */
  protected separatorDropped(): Doc {
    if (!this.isSymbol(',') && !this.isSymbol(';')) return all()
    const following = (this.tokens[this.at + 1] as Token).kind
    const isDocumented = following !== 'symbol' && following !== 'end'
    const before = this.token.doc !== undefined && isDocumented ? this.inPlace() : all()
    this.drop()
    return before
  }

  /** The current token, with the comments before it. */
  protected word(): Doc {
    const before = this.inPlace()
    const { text: written } = this.written[this.at] as Written
    const styled = this.token.kind === 'string' ? withDoubleQuotes(written) : written
    this.drop()
    return all(before, text(styled))
  }

  /** Passes over the current token; comments before it that were not placed now stand before the next. */
  protected drop(): void {
    const placed = this.comments
    const breaks = placed.length > 0 ? this.breaks : 0
    this.next()
    const { comments, breaks: before } = this.written[this.at] as Written
    const [first, ...others] = comments
    this.comments = first === undefined ? placed : [...placed, { ...first, breaks: first.breaks + breaks }, ...others]
    this.breaks = first === undefined ? before + breaks : before
  }

  /** Between two elements: comments that end the line, a line break, comments that have their own lines. */
  protected gap(edge: Line, mayBeBlank: boolean): Doc {
    const parts = this.trailing(false)
    parts.push({ ...edge, isAfterBlank: mayBeBlank && this.breaksBefore(0) > 1 }, ...this.leading())
    return sequence(parts)
  }

  /** Between the last element, or nothing, and the bracket that closes. */
  protected ending(isFirst: boolean): Doc {
    const parts = this.trailing(true)
    for (const [i, comment] of this.comments.entries()) {
      const isAfterBlank = !(isFirst && parts.length === 0) && comment.breaks > 1
      parts.push(comment.breaks > 0 ? { ...hardLine, isAfterBlank } : space, this.comment(comment, i))
    }
    this.comments = []
    return sequence(parts)
  }

  /** Comments on the line of the token before, if nothing but the end of the line or the bracket follows them. */
  private trailing(isBeforeClose: boolean): Doc[] {
    const own = this.comments.findIndex(({ breaks }) => breaks > 0)
    const count = own < 0 ? this.comments.length : own
    const isTrailing = isBeforeClose || this.breaksBefore(count) > 0
    if (!isTrailing) return []
    const before = this.tokens[this.at - 1]
    const parts = this.comments.slice(0, count).flatMap((comment, i) => {
      const doc = this.comment(comment, i)
      return i === 0 && before?.kind === 'symbol' && '(['.includes(before.text) && !isBroken(doc) ? [doc] : [space, doc]
    })
    this.comments = this.comments.slice(count)
    return parts
  }

  /** Comments before an element, each on its own line if it was. */
  protected leading(): Doc[] {
    const parts = this.comments.flatMap((comment, i) => {
      const breaks = this.breaksBefore(i + 1)
      return [this.comment(comment, i), breaks === 0 ? space : { ...hardLine, isAfterBlank: breaks > 1 }]
    })
    this.comments = []
    return parts
  }

  /** Comments in the middle of something. */
  protected inPlace(): Doc {
    const parts = this.comments.flatMap((comment, i) => {
      const doc = this.comment(comment, i)
      const isOwn = comment.breaks > 0 && this.endsLine(comment, i)
      return [space, { ...doc, beginsLine: isOwn, endsLine: comment.isLine || isOwn }]
    })
    if (parts.length > 0 && !',;:>)'.includes(this.token.text)) parts.push(space)
    this.comments = []
    return all(...parts)
  }

  private comment(comment: Comment, i: number): CommentDoc {
    return { kind: 'comment', text: comment.text, beginsLine: false, endsLine: this.endsLine(comment, i) }
  }

  protected endsLine({ isLine }: Comment, i: number): boolean {
    return isLine || this.breaksBefore(i + 1) > 0
  }

  /** Line breaks before the comment of that number, or before the current token. */
  protected breaksBefore(i: number): number {
    return this.comments[i]?.breaks ?? this.breaks
  }
}

/** Unless that would take a backslash more, or a look at those that are there. */
function withDoubleQuotes(literal: string): string {
  return literal.startsWith("'") && !/["\\]/.test(literal) ? `"${literal.slice(1, -1)}"` : literal
}
