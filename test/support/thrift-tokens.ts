/**
 * Random Thrift files as tokens, over the whole grammar, and random white space and comments to put between them.
 */
import fc from 'fast-check'

type Tokens = fc.Arbitrary<string[]>

const just = (...tokens: string[]): Tokens => fc.constant(tokens)
const row = (...parts: Tokens[]): Tokens => fc.tuple(...parts).map((lists) => lists.flat())
const maybe = (part: Tokens): Tokens => fc.oneof(just(), part)
const many = (part: Tokens, maxLength = 3): Tokens => fc.array(part, { maxLength }).map((lists) => lists.flat())
const oneOf = (...words: string[]): Tokens => fc.constantFrom(...words).map((word) => [word])

const name = oneOf('a', 'B', 'longName_1', 'aNameThatIsSoLongThatLinesOfItsKindMustBreakSomewhere')
const separator = oneOf(',', ';').map((tokens) => tokens)
const maybeSeparator = maybe(separator)
const literal = oneOf('"x"', "'y'", `'say "z"'`, `"it's"`, String.raw`'\''`, '""', "''")
const integer = oneOf('0', '-7', '+3', '0x1F', 'true')

const annotation = row(oneOf('a', 'b.c', 'delivery'), maybe(row(just('='), literal)), maybeSeparator)
const annotations = maybe(row(just('('), many(annotation), just(')')))

const { type, value } = fc.letrec<{ type: string[]; value: string[] }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'type' },
    row(oneOf('bool', 'i32', 'string', 'binary'), annotations),
    oneOf('A', 'inc.B'),
    row(oneOf('list', 'set'), just('<'), tie('type'), just('>'), annotations),
    row(just('map'), just('<'), tie('type'), just(','), tie('type'), just('>'), annotations),
    row(just('map', 'cpp_type', '"m"', '<'), tie('type'), just(','), tie('type'), just('>')),
    row(just('list', '<'), tie('type'), just('>', 'cpp_type', "'l'")),
  ),
  value: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'value' },
    integer,
    oneOf('1.5', '.5', '1e10', 'inc.E.X', 'Y'),
    literal,
    row(just('['), many(row(tie('value'), maybeSeparator)), just(']')),
    row(just('{'), many(row(tie('value'), just(':'), tie('value'), maybeSeparator)), just('}')),
  ),
}))

const fieldHead = row(
  maybe(row(integer, just(':'))),
  maybe(oneOf('required', 'optional')),
  type,
  maybe(just('&')),
  name,
)
const xsd = maybe(row(oneOf('xsd_optional', 'xsd_nillable'), maybe(row(just('xsd_attrs', '{'), fieldHead, just('}')))))
const field = row(fieldHead, maybe(row(just('='), value)), xsd, annotations, maybeSeparator)
const member = row(name, maybe(row(just('='), integer)), annotations, maybeSeparator)
const fn = row(
  maybe(oneOf('oneway', 'async')),
  fc.oneof(just('void'), type),
  name,
  just('('),
  many(field),
  just(')'),
  annotations,
  maybeSeparator,
)
const throwing = row(
  fc.oneof(just('void'), type),
  name,
  just('('),
  many(field, 2),
  just(')', 'throws', '('),
  many(field, 2),
  just(')'),
  annotations,
  maybeSeparator,
)

const header = fc.oneof(
  row(just('include'), literal),
  row(just('cpp_include'), literal),
  just('namespace', '*', 'a.b'),
  row(just('namespace'), oneOf('py', 'py.twisted'), oneOf('a', 'a.b'), annotations),
)
const definition = fc.oneof(
  row(just('typedef'), type, name, annotations, maybeSeparator),
  row(just('const'), type, name, just('='), value, maybeSeparator),
  row(just('enum'), name, just('{'), many(member), just('}'), annotations),
  row(oneOf('struct', 'union'), name, maybe(just('xsd_all')), just('{'), many(field), just('}'), annotations),
  row(just('exception'), name, just('{'), many(field), just('}'), annotations),
  row(
    just('service'),
    name,
    maybe(just('extends', 'inc.S')),
    just('{'),
    many(fc.oneof(fn, throwing)),
    just('}'),
    annotations,
  ),
)

/** The tokens of a file without syntax errors; its names mean nothing. */
export const thriftTokens: Tokens = row(many(header, 2), many(definition, 3))

const comment = fc.constantFrom(
  '// one\n',
  '# two  \n',
  '/* three */',
  '/** four */',
  '/* five\n   lines */',
  '/**\n     * six\n     *  lines\n     */',
  '/** seven\n  without stars\n */',
  '/**/',
  '/** */',
)
const white = fc.constantFrom('', ' ', '\n', '\n\n\n', '\t', ' \r\n  ')

/** What stands between two tokens: mostly a space, sometimes comments. */
const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(' ', ' ', '\n', '\n\n', '\n  ') },
  {
    weight: 1,
    arbitrary: fc.array(fc.tuple(white, comment, white), { maxLength: 3 }).map((parts) => ` ${parts.flat().join('')} `),
  },
)

/** `tokens` with random gaps between them. */
export function spaced(tokens: readonly string[]): fc.Arbitrary<string> {
  const length = tokens.length + 1
  return fc
    .array(gap, { minLength: length, maxLength: length })
    .map((gaps) => gaps.map((between, i) => between + (tokens[i] ?? '')).join(''))
}
