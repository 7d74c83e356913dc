/**
 * Types, values, annotations and names: what definitions are made of.
 *
 * Invariant: nothing here goes deeper than `depthMax`, so no text overflows the stack.
 */
import { DialectCursor } from './dialects.ts'
import type { Place } from './diagnostic.ts'
import type { Token } from './lexer.ts'
import { definitionWords, headerWords, placeOf, shown } from './token-cursor.ts'
import type { AnnotationTree, Name, TypeTree, ValueTree } from './tree.ts'

const baseWords = 'bool byte i8 i16 i32 i64 double string binary uuid'.split(' ')
const xsdWords = 'xsd_all xsd_optional xsd_nillable xsd_attrs cpp_type'.split(' ')
const otherWords = 'void map list set oneway async extends throws required optional'.split(' ')
const keywords: ReadonlySet<string> = new Set([
  ...definitionWords,
  ...headerWords,
  ...baseWords,
  ...otherWords,
  ...xsdWords,
])
/** Words that a type begins with. */
const typeWords: ReadonlySet<string> = new Set([...baseWords, 'void', 'map', 'list', 'set'])
/** Apache's compiler takes 200. */
const depthMax = 250

export class TermParser extends DialectCursor {
  private depth = 0

  // --- types

  protected type(): TypeTree {
    return this.nested(() => {
      const { token } = this
      if (token.kind !== 'identifier') throw this.fail('syntax', token, [`expected a type, found ${shown(token)}`])
      const word = this.next()
      if (word.text === 'list' || word.text === 'set' || word.text === 'map') return this.container(word)
      if (word.text === 'void')
        throw this.fail('void', word, ['void stands only before the name of a function', this.voidHint()])
      if (baseWords.includes(word.text))
        return { kind: 'name', text: word.text, annotations: this.annotations(), ...placeOf(word) }
      if (keywords.has(word.text)) throw this.fail('keyword', word, [`"${word.text}" is a keyword, not a type`])
      this.checkNamedType(word)
      return { kind: 'name', text: word.text, annotations: [], ...placeOf(word) }
    })
  }

  private voidHint(): string | undefined {
    if (this.isSymbol(')')) return 'leave it out: f()'
    return this.tokens[this.at + 1]?.text === '(' ? 'functions stand in a service' : undefined
  }

  /** What other languages let follow the name of a type. */
  private checkNamedType(word: Token): void {
    if (this.isSymbol('<')) this.refuseGeneric(word)
    if (!this.isSymbol('(')) return
    this.foreign('namedAnnotation', this.token)
    this.annotations()
  }

  private container(word: Token): TypeTree {
    if (this.isWord('cpp_type')) this.cppType()
    if (!this.isSymbol('<')) {
      const form = word.text === 'map' ? 'map<string, i32>' : `${word.text}<i32>`
      throw this.fail('syntax', this.token, [
        `expected "<" behind ${word.text}, found ${shown(this.token)}`,
        `such as ${form}`,
      ])
    }
    this.at++
    const first = this.type()
    if (word.text === 'map') {
      this.expect(',')
      const value = this.type()
      this.expect('>')
      return { kind: 'map', key: first, value, annotations: this.annotations(), ...placeOf(word) }
    }
    this.expect('>')
    if (word.text === 'list' && this.isWord('cpp_type')) this.cppType()
    return { kind: word.text as 'list' | 'set', element: first, annotations: this.annotations(), ...placeOf(word) }
  }

  private cppType(): void {
    this.at++
    this.takeString('a C++ type, in quotes')
  }

  // --- values

  protected value(): ValueTree {
    return this.nested(() => {
      const { token } = this
      const place = placeOf(token)
      if (this.takeSymbol('[')) return { kind: 'list', items: this.listItems(place), ...place }
      if (this.takeSymbol('{')) return { kind: 'map', entries: this.mapEntries(place), ...place }
      if (token.kind === 'symbol' || token.kind === 'end')
        throw this.fail('syntax', token, [`expected a value, found ${shown(token)}`])
      this.at++
      if (token.kind === 'integer') return { kind: 'integer', integer: token.integer, text: token.text, ...place }
      if (token.kind === 'identifier') return this.named(token)
      return { kind: token.kind, text: token.text, ...place }
    })
  }

  private named(token: Token): ValueTree {
    if (keywords.has(token.text)) throw this.fail('keyword', token, [`"${token.text}" is a keyword, not a value`])
    // A map may follow a name in a list; one that begins with a field and "=" is none.
    const [field, sign] = this.tokens.slice(this.at + 1, this.at + 3)
    if (this.isSymbol('{') && field?.kind === 'identifier' && sign?.text === '=') this.refuseLiteral(token)
    return { kind: 'name', text: token.text, ...placeOf(token) }
  }

  /** Throws at the `{` of `Work{ a = 1 }`. */
  private refuseLiteral(name: Place): void {
    this.foreign('literal', name)
    this.skipBlock()
    throw this.unparsable()
  }

  /** The value of a constant or a default: behind it no `{` can follow. */
  protected wholeValue(): ValueTree {
    const value = this.value()
    if (value.kind === 'name' && this.isSymbol('{')) this.refuseLiteral(value)
    return value
  }

  private listItems(open: Place): ValueTree[] {
    const items: ValueTree[] = []
    while (!this.takeSymbol(']')) {
      if (this.token.kind === 'end') throw this.neverClosed(']', open)
      items.push(this.value())
      this.separator()
    }
    return items
  }

  private mapEntries(open: Place): [ValueTree, ValueTree][] {
    const entries: [ValueTree, ValueTree][] = []
    while (!this.takeSymbol('}')) {
      if (this.token.kind === 'end') throw this.neverClosed('}', open)
      const key = this.value()
      this.expect(':')
      entries.push([key, this.value()])
      this.separator()
    }
    return entries
  }

  // --- annotations and names

  protected annotations(): AnnotationTree[] {
    const found: AnnotationTree[] = []
    for (let pairs = 0; this.isSymbol('('); pairs++) {
      if (pairs === 1)
        this.reporter.error('syntax', this.token, [
          'annotations stand in one pair of brackets',
          'join them with a comma',
        ])
      const open = this.next()
      while (!this.takeSymbol(')')) {
        if (this.token.kind === 'end' || this.isSymbol('}')) throw this.neverClosed(')', open)
        found.push(this.annotation())
      }
    }
    return found
  }

  private annotation(): AnnotationTree {
    const name = this.takeIdentifier('the name of an annotation')
    if (keywords.has(name.text))
      throw this.fail('keyword', name, [`"${name.text}" is a keyword and cannot name an annotation`])
    const value = this.takeSymbol('=') ? this.annotationValue() : { ...placeOf(name), text: '1' }
    this.separator()
    return { name, value }
  }

  private annotationValue(): Token {
    const { token } = this
    if (token.kind === 'string') return this.next()
    const hint = /^[\w.+-]+$/.test(token.text) && token.kind !== 'end' ? `write "${token.text}"` : undefined
    throw this.fail('syntax', token, [`expected the value of the annotation, in quotes, found ${shown(token)}`, hint])
  }

  /** Annotations before a body belong behind it. */
  protected misplacedAnnotations(of: string): void {
    if (!this.isSymbol('(')) return
    this.reporter.error('syntax', this.token, [`the annotations of ${of} stand behind its "}"`])
    this.annotations()
  }

  /** The name of something new: one word, no keyword. */
  protected newName(what: string): Name {
    const { token } = this
    const article = /^[aeiou]/.test(what) ? 'an' : 'a'
    if (token.kind !== 'identifier')
      throw this.fail('syntax', token, [`expected the name of the ${what}, found ${shown(token)}`])
    if (keywords.has(token.text))
      throw this.fail('keyword', this.next(), [`"${token.text}" is a keyword and cannot name ${article} ${what}`])
    if (token.text.includes('.')) this.dotted(token, `${article} ${what}`)
    return this.next()
  }

  /** The name of a field or argument, which may be a keyword. */
  protected fieldName(): Name {
    const { token } = this
    if (token.kind !== 'identifier')
      throw this.fail('syntax', token, [
        `expected the name of the field, found ${shown(token)}`,
        this.isSymbol('[') ? 'an array is a list: list<i32>' : undefined,
      ])
    if (xsdWords.includes(token.text))
      throw this.fail('keyword', token, [`"${token.text}" is a keyword and cannot name a field`])
    if (token.text.includes('.')) this.dotted(token, 'a field')
    return this.next()
  }

  protected memberName(): Name {
    const token = this.takeIdentifier('the name of an enum member')
    if (keywords.has(token.text))
      throw this.fail('keyword', token, [`"${token.text}" is a keyword and cannot name an enum member`])
    return token
  }

  /** Throws at a word before a type that is none of `words`, though nearly one. */
  protected refuseMisspelt(words: readonly string[]): void {
    const { token } = this
    const [type, name] = this.tokens.slice(this.at + 1, this.at + 3)
    if (token.kind !== 'identifier' || type?.kind !== 'identifier' || !typeWords.has(type.text)) return
    if (name?.kind !== 'identifier' && name?.text !== '<') return
    const near = this.suggested(token.text, words)
    if (near !== undefined) throw this.fail('syntax', token, [`"${token.text}" is no word before a type`, near])
  }

  /** `list`, `i32` and the like, behind which a "(" may stand. */
  protected isTypeWord(): boolean {
    return keywords.has(this.token.text)
  }

  /** One word of a namespace's: no keyword. */
  protected wordOf(what: string): Token {
    const token = this.takeIdentifier(what)
    if (keywords.has(token.text))
      throw this.fail('keyword', token, [`expected ${what}, found the keyword "${token.text}"`])
    return token
  }

  /** One level down; text that nests without end is refused where it passes `depthMax`. */
  protected nested<T>(parse: () => T): T {
    if (++this.depth > depthMax) {
      this.depth = 0
      this.reporter.error('too-deep', this.token, [
        `nested deeper than ${depthMax}`,
        'name what is inside with a typedef or a struct',
      ])
      this.at = this.tokens.length - 1
      throw this.unparsable()
    }
    try {
      return parse()
    } finally {
      this.depth = Math.max(0, this.depth - 1)
    }
  }
}
