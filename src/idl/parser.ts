/**
 * Tokens into a tree, by recursive descent over the whole Apache Thrift grammar.
 *
 * Invariant: one mistake costs one definition, field or function: the parser goes on behind it, so that all errors of a
 * file are found at once.
 */
import { didYouMean } from '../std/suggest.ts'
import type { Reporter } from './diagnostic.ts'
import { lex, type Token } from './lexer.ts'
import { definitionWords, headerWords, placeOf, shown, TokenCursor, Unparsable } from './token-cursor.ts'
import type {
  AnnotationTree,
  DefinitionTree,
  FieldTree,
  FileTree,
  FunctionTree,
  MemberTree,
  Name,
  TypeTree,
  ValueTree,
} from './tree.ts'

const keywords: ReadonlySet<string> = new Set([
  ...definitionWords,
  ...headerWords,
  ...'void bool byte i8 i16 i32 i64 double string binary uuid map list set oneway async extends throws required optional'.split(
    ' ',
  ),
  ...'xsd_all xsd_optional xsd_nillable xsd_attrs cpp_type'.split(' '),
])
/** Not even as names of fields and arguments. */
const neverNames: ReadonlySet<string> = new Set(['xsd_all', 'xsd_optional', 'xsd_nillable', 'xsd_attrs', 'cpp_type'])
const baseWords: ReadonlySet<string> = new Set('bool byte i8 i16 i32 i64 double string binary uuid'.split(' '))
const gone: Readonly<Record<string, string>> = {
  senum: 'senum is gone from Thrift: use enum, or string',
  slist: 'slist is gone from Thrift: use string',
  xception: 'xception is gone from Thrift: write exception',
  cpp_namespace: 'write namespace cpp x',
  php_namespace: 'write namespace php x',
  java_package: 'write namespace java x',
  py_module: 'write namespace py x',
  perl_package: 'write namespace perl x',
  ruby_namespace: 'write namespace rb x',
  smalltalk_category: 'write namespace smalltalk.category x',
  smalltalk_prefix: 'write namespace smalltalk.prefix x',
  cocoa_prefix: 'write namespace cocoa x',
  csharp_namespace: 'write namespace csharp x',
  xsd_namespace: 'write namespace xsd x',
}
/** Of fbthrift; named so that nobody searches for a typing error. */
const foreign: ReadonlySet<string> = new Set([
  'stream',
  'sink',
  'interaction',
  'performs',
  'idempotent',
  'readonly',
  'float',
  'package',
  'hash_map',
  'hash_set',
])
const depthMax = 500

/** The tree of `text`, as far as it could be read. */
export function parse(text: string, reporter: Reporter): FileTree {
  return new Parser(lex(text, reporter), reporter).file()
}

class Parser extends TokenCursor {
  private depth = 0

  file(): FileTree {
    const includes: Name[] = []
    const namespaces: { language: string; scope: string }[] = []
    const definitions: DefinitionTree[] = []
    const doc = this.token.doc
    while (this.token.kind !== 'end') {
      const start = this.at
      try {
        if (this.isAnyOf(headerWords)) this.header({ includes, namespaces }, definitions.length > 0)
        else definitions.push(this.definition())
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error
        this.skipToDefinition(start)
      }
    }
    return { doc: definitions.length > 0 || includes.length > 0 ? doc : undefined, includes, namespaces, definitions }
  }

  // --- headers and definitions

  private header(into: { includes: Name[]; namespaces: { language: string; scope: string }[] }, isLate: boolean): void {
    const word = this.next()
    if (isLate) {
      this.reporter.error('late-header', word, [
        `${word.text} must stand before the first definition`,
        'move it to the top of the file',
      ])
    }
    if (word.text === 'namespace') {
      const language = this.takeSymbol('*') ? '*' : this.takeIdentifier('a language, or *').text
      const scope = this.takeIdentifier('the name of the namespace').text
      into.namespaces.push({ language, scope })
      if (language !== '*') this.annotations()
      return
    }
    const file = this.takeString(`the file, in quotes`)
    if (word.text === 'include') into.includes.push(file)
  }

  private definition(): DefinitionTree {
    const word = this.token
    const { doc } = word
    if (!this.isAnyOf(definitionWords)) throw this.unexpectedDefinition(word)
    this.at++
    switch (word.text) {
      case 'typedef': {
        const type = this.type()
        const name = this.newName('typedef')
        const annotations = this.annotations()
        this.separator()
        return { kind: 'typedef', type, name, annotations, doc }
      }
      case 'const': {
        const type = this.type()
        const name = this.newName('constant')
        this.expect('=')
        const value = this.value()
        this.separator()
        return { kind: 'const', type, name, value, annotations: [], doc }
      }
      case 'enum': {
        const name = this.newName('enum')
        const members = this.body(() => this.member())
        return { kind: 'enum', name, members, annotations: this.annotations(), doc }
      }
      case 'service':
        return this.service(doc)
      default: {
        const name = this.newName(word.text)
        if (word.text !== 'exception' && this.isWord('xsd_all')) this.at++
        const fields = this.body(() => this.field())
        const kind = word.text as 'struct' | 'union' | 'exception'
        return { kind, name, fields, annotations: this.annotations(), doc }
      }
    }
  }

  private unexpectedDefinition(token: Token): Unparsable {
    const { text } = token
    const instead = gone[text]
    if (instead !== undefined) return this.fail('gone', token, [`"${text}" is no longer part of Thrift`, instead])
    if (foreign.has(text))
      return this.fail('foreign', token, [`"${text}" is an extension of fbthrift; Apache Thrift does not have it`])
    const words = [...definitionWords, ...headerWords]
    const message =
      token.kind === 'identifier'
        ? `"${text}" begins no definition.${didYouMean(text, words)}`
        : `expected a definition, found ${shown(token)}`
    return this.fail('syntax', token, [message, `a file holds ${words.join(', ')}`])
  }

  private service(doc: string | undefined): DefinitionTree {
    const name = this.newName('service')
    let base: Name | undefined
    if (this.isWord('extends')) {
      this.at++
      base = this.takeIdentifier('the service that is extended')
    }
    const functions = this.body(() => this.function())
    return { kind: 'service', name, base, functions, annotations: this.annotations(), doc }
  }

  /** `{ element* }`; an element that cannot be read is left out. */
  private body<T>(element: () => T): T[] {
    this.expect('{')
    return this.elements('}', element)
  }

  private elements<T>(close: '}' | ')', element: () => T): T[] {
    const found: T[] = []
    while (!this.takeSymbol(close)) {
      if (this.token.kind === 'end')
        throw this.fail('syntax', this.token, [`expected "${close}", found the end of the file`])
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

  private member(): MemberTree {
    const { doc } = this.token
    const token = this.takeIdentifier('the name of an enum member')
    let value: MemberTree['value']
    if (this.takeSymbol('=')) {
      const number = this.takeInteger('the number of the member')
      value = { ...placeOf(number), value: number.integer }
    }
    if (token.text.includes('.') && value === undefined) this.dotted(token, 'enum member')
    const annotations = this.annotations()
    this.separator()
    return { name: token, value, annotations, doc }
  }

  private function(): FunctionTree {
    const { doc } = this.token
    let isOneway = false
    if (this.isWord('oneway') || this.isWord('async')) {
      const word = this.next()
      isOneway = true
      if (word.text === 'async')
        this.reporter.warning('async', word, ['async is an old word for oneway', 'write oneway'])
    }
    if (
      this.token.kind === 'identifier' &&
      foreign.has(this.token.text) &&
      this.tokens[this.at + 1]?.kind === 'identifier'
    ) {
      throw this.fail('foreign', this.token, [
        `"${this.token.text}" is an extension of fbthrift; Apache Thrift does not have it`,
      ])
    }
    let returns: TypeTree | undefined
    if (this.isWord('void')) this.at++
    else returns = this.type()
    const name = this.newName('function')
    this.expect('(')
    const args = this.elements(')', () => this.field())
    let throws: FieldTree[] = []
    if (this.isWord('throws')) {
      const word = this.next()
      if (isOneway) this.reporter.error('oneway-throws', word, ['a oneway function has no answer, so it cannot throw'])
      this.expect('(')
      throws = this.elements(')', () => this.field())
    }
    const annotations = this.annotations()
    this.separator()
    return { name, isOneway, returns, arguments: args, throws, annotations, doc }
  }

  private field(): FieldTree {
    const { doc } = this.token
    let id: FieldTree['id']
    if (this.token.kind === 'integer') {
      const number = this.next()
      id = { ...placeOf(number), value: number.integer }
      this.expect(':')
    }
    let requiredness: FieldTree['requiredness'] = 'default'
    if (this.isWord('required') || this.isWord('optional')) {
      requiredness = this.next().text as 'required' | 'optional'
    }
    const type = this.type()
    this.takeSymbol('&')
    const name = this.fieldName()
    const value = this.takeSymbol('=') ? this.value() : undefined
    this.xsd()
    const annotations = this.annotations()
    this.separator()
    return { id, requiredness, type, name, default: value, annotations, doc }
  }

  private fieldName(): Name {
    const { token } = this
    if (token.kind !== 'identifier')
      throw this.fail('syntax', token, [`expected the name of the field, found ${shown(token)}`])
    if (neverNames.has(token.text))
      throw this.fail('keyword', token, [`"${token.text}" is a keyword and cannot be a name`])
    if (token.text.includes('.')) this.dotted(token, 'field')
    return this.next()
  }

  private xsd(): void {
    while (this.isAnyOf(['xsd_optional', 'xsd_nillable'])) this.at++
    if (!this.isWord('xsd_attrs')) return
    this.at++
    this.body(() => this.field())
  }

  // --- types and values

  private type(): TypeTree {
    return this.nested(() => {
      const token = this.token
      if (token.kind !== 'identifier') throw this.fail('syntax', token, [`expected a type, found ${shown(token)}`])
      this.at++
      if (token.text === 'list' || token.text === 'set' || token.text === 'map') return this.container(token)
      if (foreign.has(token.text) && this.isSymbol('<')) {
        throw this.fail('foreign', token, [
          `${token.text}<> is an extension of fbthrift; Apache Thrift does not have it`,
        ])
      }
      if (token.text === 'void') throw this.fail('void', token, ['void stands only before the name of a function'])
      if (gone[token.text] !== undefined)
        throw this.fail('gone', token, [`"${token.text}" is no longer part of Thrift`, gone[token.text]])
      if (keywords.has(token.text) && !baseWords.has(token.text)) {
        throw this.fail('keyword', token, [`"${token.text}" is a keyword, not a type`])
      }
      const annotations = baseWords.has(token.text) ? this.annotations() : []
      return { kind: 'name', text: token.text, annotations, ...placeOf(token) }
    })
  }

  private container(word: Token): TypeTree {
    if (this.isWord('cpp_type')) this.cppType()
    this.expect('<')
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

  private value(): ValueTree {
    return this.nested(() => {
      const token = this.next()
      const place = placeOf(token)
      switch (token.kind) {
        case 'integer':
          return { kind: 'integer', integer: token.integer, text: token.text, ...place }
        case 'double':
        case 'string':
          return { kind: token.kind, text: token.text, ...place }
        case 'identifier':
          if (keywords.has(token.text)) throw this.fail('keyword', token, [`"${token.text}" is a keyword, not a value`])
          return { kind: 'name', text: token.text, ...place }
        default:
          if (token.text === '[') return { kind: 'list', items: this.listItems(), ...place }
          if (token.text === '{') return { kind: 'map', entries: this.mapEntries(), ...place }
          this.at--
          throw this.fail('syntax', token, [`expected a value, found ${shown(token)}`])
      }
    })
  }

  private listItems(): ValueTree[] {
    const items: ValueTree[] = []
    while (!this.takeSymbol(']')) {
      items.push(this.value())
      this.separator()
    }
    return items
  }

  private mapEntries(): [ValueTree, ValueTree][] {
    const entries: [ValueTree, ValueTree][] = []
    while (!this.takeSymbol('}')) {
      const key = this.value()
      this.expect(':')
      entries.push([key, this.value()])
      this.separator()
    }
    return entries
  }

  private annotations(): AnnotationTree[] {
    const found: AnnotationTree[] = []
    if (!this.takeSymbol('(')) return found
    while (!this.takeSymbol(')')) {
      const name = this.takeIdentifier('the name of an annotation')
      if (keywords.has(name.text))
        throw this.fail('keyword', name, [`"${name.text}" is a keyword and cannot name an annotation`])
      const value = this.takeSymbol('=')
        ? this.takeString('the value of the annotation, in quotes')
        : { ...placeOf(name), text: '1' }
      found.push({ name, value })
      this.separator()
    }
    return found
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > depthMax) {
      this.depth = 0
      this.reporter.error('too-deep', this.token, [`types and values nested deeper than ${depthMax}`])
      this.at = this.tokens.length - 1
      throw new Unparsable()
    }
    try {
      return parse()
    } finally {
      this.depth = Math.max(0, this.depth - 1)
    }
  }

  /** The name of something new: one word, no keyword. */
  private newName(what: string): Name {
    const { token } = this
    if (token.kind !== 'identifier')
      throw this.fail('syntax', token, [`expected the name of the ${what}, found ${shown(token)}`])
    if (keywords.has(token.text))
      throw this.fail('keyword', token, [`"${token.text}" is a keyword and cannot name a ${what}`])
    if (token.text.includes('.')) this.dotted(token, what)
    return this.next()
  }
}
