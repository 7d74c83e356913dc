/**
 * The style of an IDL file: where its lines may break, and what stands between its tokens.
 */
import { CommentCursor } from './comment-cursor.ts'
import { all, type Doc, group, hardLine, indent, isBroken, line, sequence, softLine, space, text } from './layout.ts'
import type { Token } from './lexer.ts'
import { headerWords } from './token-cursor.ts'
import type { Written } from './trivia.ts'

interface ListStyle {
  readonly close: '}' | ')' | ']'
  /** A space inside the brackets when all is on one line. */
  readonly isPadded?: boolean
  /** `fit`: on one line where it fits; `kept`: only if it was written so too; `open`: never; `one`: always. */
  readonly lines: 'fit' | 'kept' | 'open' | 'one'
}

/** The layout of a file that has no syntax error. */
export function layoutOf(tokens: readonly Token[], written: readonly Written[]): Doc {
  return new Style(tokens, written).file()
}

class Style extends CommentCursor {
  file(): Doc {
    const parts: Doc[] = []
    while (this.token.kind !== 'end') {
      // What opens the file stands behind nothing.
      parts.push(parts.length === 0 ? all(...this.leading()) : this.gap(hardLine, true))
      parts.push(this.isAnyOf(headerWords) ? this.header() : this.definition())
    }
    parts.push(this.ending(parts.length === 0))
    return sequence(parts)
  }

  // --- headers and definitions

  private header(): Doc {
    const word = this.word()
    const isNamespace = this.token.kind !== 'string'
    return all(word, space, this.word(), ...(isNamespace ? [space, this.word(), this.annotations()] : []))
  }

  private definition(): Doc {
    const kind = this.token.text
    const parts = [this.word(), space]
    if (kind === 'typedef') parts.push(this.type(), space, this.word(), this.annotations(), this.noSeparator())
    else if (kind === 'const') {
      parts.push(this.type(), space, this.word(), space, this.word(), space, this.value(), this.noSeparator())
    } else {
      parts.push(this.word())
      while (!this.isSymbol('{')) parts.push(space, this.word()) // extends a service; xsd_all
      parts.push(space, this.body(kind), this.annotations())
    }
    return all(...parts)
  }

  private body(kind: string): Doc {
    if (kind === 'service') return this.list({ close: '}', lines: 'open' }, () => this.function())
    const element = kind === 'enum' ? () => this.member() : () => this.field()
    return this.list({ close: '}', isPadded: true, lines: 'kept' }, element)
  }

  private member(): Doc {
    const parts = [this.word()]
    if (this.isSymbol('=')) parts.push(space, this.word(), space, this.word())
    return all(...parts, this.annotations())
  }

  private field(): Doc {
    const parts: Doc[] = []
    if (this.token.kind === 'integer') parts.push(this.word(), this.word(), space)
    if (this.isAnyOf(['required', 'optional'])) parts.push(this.word(), space)
    parts.push(this.type(), space)
    if (this.isSymbol('&')) parts.push(this.word(), space)
    parts.push(this.word())
    if (this.isSymbol('=')) parts.push(space, this.word(), space, this.value())
    while (this.isAnyOf(['xsd_optional', 'xsd_nillable', 'xsd_attrs'])) parts.push(space, this.word())
    if (this.isSymbol('{')) parts.push(space, this.body('xsd_attrs'))
    return all(...parts, this.annotations())
  }

  /**
   * On one line if it fits; else what it throws and its annotations on a second one; else its arguments on a line each.
   */
  private function(): Doc {
    const head: Doc[] = []
    if (this.isAnyOf(['oneway', 'async'])) head.push(this.word(), space)
    head.push(this.isWord('void') ? this.word() : this.type(), space, this.word())
    const args = this.list({ close: ')', lines: 'fit' }, () => this.field())
    const clauses: { readonly before: Doc; readonly clause: Doc }[] = []
    if (this.isWord('throws')) {
      const before = this.inPlace()
      clauses.push({
        before,
        clause: all(
          this.word(),
          space,
          this.list({ close: ')', lines: 'fit' }, () => this.field()),
        ),
      })
    }
    if (this.isSymbol('(')) {
      const before = this.inPlace()
      clauses.push({ before, clause: this.annotationList('kept') })
    }
    const [one, two] = clauses
    if (one === undefined) return all(...head, args)
    const flat = all(args, ...clauses.flatMap(({ before, clause }) => [before, space, clause]))
    const below = [one.clause, ...(two === undefined ? [] : [two.before, line, two.clause])]
    const underneath = all(args, one.before, indent([hardLine, group(below)]))
    return all(...head, { kind: 'first', options: isBroken(args) ? [flat, flat] : [flat, underneath, flat] })
  }

  // --- types, values, annotations

  private type(): Doc {
    const parts = [this.word()]
    if (this.isWord('cpp_type')) parts.push(space, this.word(), space, this.word(), space)
    if (this.isSymbol('<')) {
      parts.push(this.word(), this.type())
      if (this.isSymbol(',')) parts.push(this.word(), space, this.type())
      parts.push(this.word())
      if (this.isWord('cpp_type')) parts.push(space, this.word(), space, this.word())
    }
    return all(...parts, this.annotations('one'))
  }

  private value(): Doc {
    if (this.isSymbol('[')) return this.list({ close: ']', lines: 'kept' }, () => this.value())
    if (!this.isSymbol('{')) return this.word()
    return this.list({ close: '}', isPadded: true, lines: 'kept' }, () =>
      all(this.value(), this.word(), space, this.value()),
    )
  }

  private annotations(lines: 'kept' | 'one' = 'kept'): Doc {
    return this.isSymbol('(') ? all(space, this.annotationList(lines)) : all()
  }

  private annotationList(lines: 'kept' | 'one'): Doc {
    return this.list({ close: ')', lines }, () => {
      const parts = [this.word()]
      if (this.isSymbol('=')) parts.push(space, this.word(), space, this.word())
      return all(...parts)
    })
  }

  // --- what they are made of

  /** Brackets with elements, and a comma behind each but the last of one line. */
  private list({ close, isPadded = false, lines }: ListStyle, element: () => Doc): Doc {
    const edge = isPadded ? line : softLine
    const [before, open] = this.opener()
    const isOpen = lines === 'open' || (lines === 'kept' && this.breaksBefore(0) > 0)
    const parts: Doc[] = []
    const between = this.areNumbers() ? { ...line, isFill: true } : line
    while (!this.isSymbol(close)) {
      parts.push(this.gap(parts.length === 0 ? edge : between, parts.length > 0), element(), this.comma(close))
    }
    const isEmpty = parts.length === 0
    if (isEmpty && this.comments.length === 0) return all(before, open, this.word())
    parts.push(this.ending(isEmpty))
    const whole = [open, indent(parts), edge, this.word()]
    const isOne = (lines === 'one' || isEmpty) && !whole.some(isBroken)
    return all(before, isOne ? { kind: 'flat', parts: whole } : group(whole, isOpen && !isEmpty))
  }

  /** Whether nothing but numbers stands here up to a bracket: such lists may be long, and are read in rows. */
  private areNumbers(): boolean {
    for (let at = this.at; ; at++) {
      const { kind, text: word } = this.tokens[at] as Token
      if (kind === 'symbol' && word !== ',' && word !== ';') return word === ']'
      if (kind === 'identifier' || kind === 'string' || kind === 'end') return false
    }
  }

  /** Comments between a head and its `{` go behind it; a doc comment would come to document what follows. */
  private opener(): readonly [before: Doc, open: Doc] {
    const isInline = this.comments.every((comment, i) => !this.endsLine(comment, i))
    const staysBefore = !this.isSymbol('{') || isInline || this.token.doc !== undefined
    const before = staysBefore ? this.inPlace() : all()
    const open = text(this.token.text)
    this.drop()
    return [before, open]
  }

  /** The comma behind an element; a comment before it goes behind it, as in `a // why` and `, b` on the next line. */
  private comma(close: string): Doc {
    const before = this.separatorDropped()
    return all(before, this.isSymbol(close) ? { kind: 'broken', text: ',' } : text(','))
  }

  /** Typedefs and constants have none; it stays where it keeps a doc comment from documenting what follows. */
  private noSeparator(): Doc {
    const before = this.separatorDropped()
    return isNothing(before) ? before : all(before, text(','))
  }
}

function isNothing(doc: Doc): boolean {
  return doc.kind === 'all' && doc.parts.length === 0
}
