/**
 * Tokens into a tree, by recursive descent over the whole Apache Thrift grammar.
 *
 * Invariant: one mistake costs one definition, field or function: the parser goes on behind it, so that all errors of a
 * file are found at once.
 */
import type { Place, Reporter } from './diagnostic.ts'
import { lex, type Token } from './lexer.ts'
import { TermParser } from './terms.ts'
import { definitionWords, headerWords, placeOf, shown, Unparsable } from './token-cursor.ts'
import type { DefinitionTree, FieldTree, FileTree, FunctionTree, MemberTree, Name, ValueTree } from './tree.ts'

interface Headers {
  readonly includes: Name[]
  readonly namespaces: { readonly language: string; readonly scope: string }[]
}

/** The tree of `text`, as far as it could be read. */
export function parse(text: string, reporter: Reporter): FileTree {
  return new Parser(lex(text, reporter), reporter).file()
}

class Parser extends TermParser {
  file(): FileTree {
    const headers: Headers = { includes: [], namespaces: [] }
    const definitions: DefinitionTree[] = []
    const doc = this.token.doc
    for (this.skipStructuredAnnotations(); this.token.kind !== 'end'; this.skipStructuredAnnotations()) {
      const start = this.at
      try {
        if (this.isAnyOf(headerWords)) this.header(headers, definitions.length > 0)
        else definitions.push(this.definition())
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error
        this.skipToDefinition(start)
      }
    }
    this.withdrawSkipped()
    const isOfFile = definitions.length > 0 || headers.includes.length > 0
    return { doc: isOfFile ? doc : undefined, ...headers, definitions }
  }

  // --- headers and definitions

  private header(into: Headers, isLate: boolean): void {
    const word = this.next()
    if (isLate) {
      this.reporter.error('late-header', word, [
        `${word.text} must stand before the first definition`,
        'move it to the top of the file',
      ])
    }
    if (word.text === 'namespace') {
      const language = this.takeSymbol('*') ? '*' : this.wordOf('a language, or *').text
      if (this.token.kind === 'string') {
        this.foreign('quotedNamespace', this.next())
        return
      }
      const scope = this.wordOf('the name of the namespace').text
      into.namespaces.push({ language, scope })
      if (language !== '*') this.annotations()
      return
    }
    this.skipIncludeName('includeNamed')
    const file = this.includedFile(word.text)
    this.skipIncludeName('includeAs')
    if (word.text === 'include') into.includes.push(file)
  }

  private includedFile(word: string): Token {
    const { token } = this
    if (token.kind !== 'string')
      throw this.fail('syntax', token, [
        `expected the file, in quotes, found ${shown(token)}`,
        token.kind === 'identifier' ? `write ${word} "${token.text}"` : undefined,
      ])
    return this.next()
  }

  private definition(): DefinitionTree {
    this.skipBlame()
    const word = this.token
    const { doc } = word
    if (!this.isAnyOf(definitionWords)) throw this.noDefinition([...definitionWords, ...headerWords])
    this.at++
    switch (word.text) {
      case 'typedef': {
        const type = this.type()
        const name = this.newName('typedef')
        const annotations = this.annotations()
        this.separator()
        return { kind: 'typedef', type, name, annotations, doc }
      }
      case 'const':
        return this.constant(doc)
      case 'enum': {
        const name = this.newName('enum')
        this.misplacedAnnotations('an enum')
        const members = this.body(() => this.member())
        return { kind: 'enum', name, members, annotations: this.annotations(), doc }
      }
      case 'service':
        return this.service(doc)
      default:
        return this.struct(word.text as 'struct' | 'union' | 'exception', doc)
    }
  }

  private constant(doc: string | undefined): DefinitionTree {
    const type = this.type()
    const name = this.newName('constant')
    this.expect('=')
    const value = this.wholeValue()
    const { token } = this
    if (this.isSymbol('(')) {
      this.foreign('constAnnotation', token)
      this.annotations()
    } else if (this.isStuckTo(value)) {
      throw this.fail('syntax', token, [
        `${this.tokens[this.at - 1]?.text}${token.text} is no number`,
        'numbers are 10, -10, 0x1F, 1.5 and 1e-5: no other prefix, no suffix, no _',
      ])
    } else if (token.kind !== 'symbol' && token.kind !== 'identifier' && token.kind !== 'end') {
      throw this.fail('syntax', token, [
        `expected the end of the constant, found ${shown(token)}`,
        'Thrift joins no strings and computes no sums: write the whole value',
      ])
    }
    this.separator()
    return { kind: 'const', type, name, value, annotations: [], doc }
  }

  /** `1L`, `0X10`, `1_000`: to the lexer a number and a word. */
  private isStuckTo(value: ValueTree): boolean {
    const { token } = this
    const isNumber = value.kind === 'integer' || value.kind === 'double'
    const { line, column } = value.position
    const isNext = token.position.line === line && token.position.column === column + value.length
    return isNumber && isNext && token.kind === 'identifier' && !this.isTypeWord()
  }

  private struct(kind: 'struct' | 'union' | 'exception', doc: string | undefined): DefinitionTree {
    const name = this.newName(kind)
    if (this.isWord('extends')) {
      throw this.fail('syntax', this.token, [
        `a ${kind} extends nothing: only services do`,
        'make what is shared a struct of its own, and a field of this one',
      ])
    }
    if (kind !== 'exception' && this.isWord('xsd_all')) this.at++
    this.misplacedAnnotations(kind === 'exception' ? 'an exception' : `a ${kind}`)
    const fields = this.body(() => this.field())
    return { kind, name, fields, annotations: this.annotations(), doc }
  }

  private service(doc: string | undefined): DefinitionTree {
    const name = this.newName('service')
    let base: Name | undefined
    if (this.isWord('extends')) {
      this.at++
      base = this.takeIdentifier('the service that is extended')
      if (this.isSymbol(','))
        throw this.fail('syntax', this.token, ['a service extends one other', 'extend one, which extends the other'])
    } else if (this.token.kind === 'identifier') {
      const { text } = this.token
      throw this.fail('syntax', this.token, [`expected "{", found "${text}"`, this.suggested(text, ['extends'])])
    }
    this.misplacedAnnotations('a service')
    const functions = this.body(() => this.function())
    return { kind: 'service', name, base, functions, annotations: this.annotations(), doc }
  }

  // --- what stands in bodies

  /** `{ element* }`; an element that cannot be read is left out. */
  private body<T>(element: () => T): T[] {
    const open = this.token
    this.expect('{')
    return this.elements('}', open, element)
  }

  private elements<T>(close: '}' | ')', open: Place, element: () => T): T[] {
    const found: T[] = []
    for (this.skipStrays(); !this.takeSymbol(close); this.skipStrays()) {
      const isLost = this.token.kind === 'end' || this.isDefinition() || this.isSymbol('}')
      if (isLost) throw this.neverClosed(close, open)
      const start = this.at
      try {
        found.push(element())
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error
        this.skipElement(close, start)
      }
    }
    return found
  }

  /** What stands before an element and says nothing. */
  private skipStrays(): void {
    for (;;) {
      this.skipStructuredAnnotations()
      const { token } = this
      if (this.isSymbol(',') || this.isSymbol(';')) {
        this.reporter.error('syntax', token, [`nothing stands before this "${token.text}"`, 'remove it'])
        this.at++
      } else if (this.isSymbol('(')) {
        this.reporter.error('syntax', token, ['annotations stand behind what they describe, not before'])
        this.annotations()
      } else return
    }
  }

  private member(): MemberTree {
    const { doc } = this.token
    const name = this.memberName()
    let value: MemberTree['value']
    if (this.takeSymbol('=')) {
      const number = this.takeInteger('the number of the member')
      value = { ...placeOf(number), value: number.integer }
    }
    if (name.text.includes('.') && value === undefined) this.dotted(name, 'an enum member without a number')
    const annotations = this.annotations()
    this.separator()
    return { name, value, annotations, doc }
  }

  private function(): FunctionTree {
    const { doc } = this.token
    this.skipQualifiers()
    let isOneway = false
    if (this.isWord('oneway') || this.isWord('async')) {
      const word = this.next()
      isOneway = true
      if (word.text === 'async')
        this.reporter.warning('async', word, ['async is an old word for oneway', 'write oneway'])
    }
    const returns = this.returnType()
    const name = this.newName('function')
    const open = this.token
    this.expect('(')
    const args = this.elements(')', open, () => this.field())
    const throws = this.throws(isOneway)
    const annotations = this.annotations()
    this.separator()
    return { name, isOneway, returns, arguments: args, throws, annotations, doc }
  }

  private returnType(): FunctionTree['returns'] {
    const { token } = this
    const [behind, third] = this.tokens.slice(this.at + 1, this.at + 3)
    if (this.isWord('void')) {
      this.at++
      if (this.isSymbol('('))
        throw this.fail('syntax', this.token, ['void takes no annotations', 'write them behind the function'])
      this.refuseInitialAnswer()
      return undefined
    }
    if (token.kind === 'integer' && behind?.text === ':')
      throw this.fail('syntax', token, ['a service holds functions, and this is a field', 'such as void f(1: i32 a)'])
    if (token.kind === 'identifier' && behind?.text === '(' && behind.kind === 'symbol' && !this.isTypeWord())
      throw this.fail('syntax', token, [
        `function ${token.text} has no type`,
        this.suggested(token.text, ['throws']) ?? `write void ${token.text}, or what it returns`,
      ])
    if (this.isWord('performs') && behind?.kind === 'identifier' && third?.text !== '(') {
      this.foreign('performs', this.next())
      throw this.unparsable()
    }
    this.refuseMisspelt(['oneway'])
    const type = this.type()
    this.refuseInitialAnswer()
    return type
  }

  private throws(isOneway: boolean): FieldTree[] {
    if (!this.isWord('throws')) return []
    const word = this.next()
    const open = this.token
    this.expect('(')
    const found = this.elements(')', open, () => this.field())
    if (isOneway && found.length > 0)
      this.reporter.error('oneway-throws', word, ['a oneway function has no answer, so it cannot throw'])
    return found
  }

  private field(): FieldTree {
    const { doc } = this.token
    const id = this.fieldId()
    let requiredness: FieldTree['requiredness'] = 'default'
    if (
      this.isWord('terse') &&
      this.tokens[this.at + 1]?.kind === 'identifier' &&
      this.tokens[this.at + 2]?.kind === 'identifier'
    )
      this.foreign('terse', this.next())
    if (this.isWord('required') || this.isWord('optional')) requiredness = this.next().text as 'required' | 'optional'
    else this.refuseMisspelt(['required', 'optional'])
    const type = this.type()
    this.takeSymbol('&')
    const name = this.fieldName()
    const value = this.takeSymbol('=') ? this.wholeValue() : undefined
    this.xsd()
    const annotations = this.annotations()
    this.separator()
    return { id, requiredness, type, name, default: value, annotations, doc }
  }

  private fieldId(): FieldTree['id'] {
    const { token } = this
    const behind = this.tokens[this.at + 1]
    if (token.kind === 'integer') {
      this.at++
      this.expect(':')
      return { ...placeOf(token), value: token.integer }
    }
    if (behind?.kind === 'symbol' && behind.text === ':')
      throw this.fail('syntax', token, [`${shown(token)} is no field id`, 'an id is a whole number: 1, 2, 3'])
    return undefined
  }

  /** Each at most once, in this order. */
  private xsd(): void {
    if (this.isWord('xsd_optional')) this.at++
    if (this.isWord('xsd_nillable')) this.at++
    if (!this.isWord('xsd_attrs')) return
    this.at++
    this.nested(() => this.body(() => this.field()))
  }
}
