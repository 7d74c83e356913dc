/**
 * The table of ../cases.ts in JavaScript, as npm's thrift wants its values: sets are arrays, maps are plain objects, an i64
 * is an Int64.
 */
import Int64 from 'node-int64'
import types from './cross_types.js'
import parts from './parts_types.js'
import { Tagged } from './uuids_types.js'

const { Chain, Defaults, Either, Empty, Everything, Needs, Sparse, Tree, Wide } = types
const { Color, CORNER, MOST, Point, WORDS } = parts

const i64 = (decimal) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(decimal))
  return new Int64(bytes)
}
const LEAST = i64('-9223372036854775808')
const point = (x, y) => new Point({ x, y })
const leaf = (value) => new Tree({ value, kids: [], named: {} })
const range = (length) => Array.from({ length }, (_, at) => at)

function deepTree(depth) {
  let deep = leaf(0)
  for (let value = 1; value < depth; value++) deep = new Tree({ value, kids: [deep], named: {} })
  return deep
}
function chain(length) {
  let whole = new Chain({ value: 0 })
  for (let value = 1; value < length; value++) whole = new Chain({ value, rest: whole })
  return whole
}

const tree = new Tree({
  value: 1,
  kids: [leaf(2), new Tree({ value: 3, kids: [leaf(4)], named: { five: leaf(5) } })],
  named: { '': leaf(-6) },
})
const everything = new Everything({
  yes: true,
  no: false,
  tiny: -128,
  small: -32768,
  medium: -2147483648,
  large: LEAST,
  real: -2.5,
  text: 'Grüße, 世界 😀',
  bytes: Buffer.from([0, 0xff, 0x80]),
  color: Color.BLUE,
  cents: i64('9007199254740993'),
  point: point(1, -1),
  words: ['a', '', 'c'],
  numbers: [3, -1, 2],
  named: { a: point(1, 2), b: point(3, 4) },
  route: [point(5, 6)],
  nothing: new Empty(),
  flags: [true, false, true],
  colors: { '-7': [Color.RED, Color.BELOW], 7: [] },
})
const nothing = new Everything({
  yes: false,
  no: false,
  tiny: 0,
  small: 0,
  medium: 0,
  large: i64(0),
  real: 0,
  text: '',
  bytes: Buffer.alloc(0),
  color: Color.RED,
  cents: i64(0),
  point: point(0, 0),
  words: [],
  numbers: [],
  named: {},
  route: [],
  nothing: new Empty(),
  flags: [],
  colors: {},
})
const eithers = {
  text: new Either({ text: 'x' }),
  number: new Either({ number: MOST }),
  tree: new Either({ tree }),
  numbers: new Either({ numbers: [1, 2] }),
  color: new Either({ color: Color.LAST }),
  flag: new Either({ flag: false }),
  bytes: new Either({ bytes: Buffer.from([1, 0]) }),
  reals: new Either({ reals: { half: 0.5 } }),
}

/** What a plain object cannot hold. */
export class Impossible extends Error {}
const noSuchKeys = new Impossible('a plain object has no such keys')

export const cross = {
  echoBool: { yes: true, no: false },
  echoI8: { zero: 0, most: 127, least: -128, 'minus one': -1 },
  echoI16: { most: 32767, least: -32768 },
  echoI32: { most: 2147483647, least: -2147483648, 'minus one': -1 },
  echoI64: { most: MOST, least: LEAST, 'beyond doubles': i64('9007199254740993'), 'minus one': i64(-1) },
  echoDouble: {
    zero: 0,
    'minus zero': -0,
    pi: Math.PI,
    most: Number.MAX_VALUE,
    tiny: Number.MIN_VALUE,
    infinity: Infinity,
    'minus infinity': -Infinity,
    'not a number': NaN,
  },
  echoString: {
    empty: '',
    plain: 'hello',
    nul: 'a\0b',
    emoji: '👩\u200d👩\u200d👧 😀',
    'right to left': '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627',
    combining: 'e\u0301 a\u0308\u0323',
    'four bytes': '𝒳𠜎\u{10ffff}',
    escapes: '"\\/\b\f\n\r\t\u0001\u007f\'',
    separators: '\u2028\u2029\ufeff\u00a0',
    'beside surrogates': '\ud7ff\ue000\uffff',
    'like JSON': '{"1":{"i32":1}}],[',
    large: '0123456789abcdef'.repeat(1 << 16),
    'large and wide': 'é世😀'.repeat(20_000),
  },
  echoBinary: {
    empty: Buffer.alloc(0),
    'one byte': Buffer.from([0xff]),
    'two bytes': Buffer.from([0xfb, 0xf0]),
    'three bytes': Buffer.from([0, 0, 0]),
    'every byte': Buffer.from(range(256)),
    large: Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, at) => at * 7)),
  },
  echoColor: { red: Color.RED, last: Color.LAST, below: Color.BELOW, unknown: 99 },
  echoCents: { typedef: i64(-250), constant: MOST },
  echoBools: { empty: [], mixed: [true, false, true], twenty: range(20).map((at) => at % 3 === 0) },
  echoI8s: { three: [-128, 0, 127] },
  echoI32s: { fourteen: range(14), fifteen: range(15), 'ten thousand': range(10_000).map((at) => at * at - 5000) },
  echoI64s: { extremes: [LEAST, i64(0), MOST] },
  echoDoubles: { odd: [0.5, -1.5, Infinity, 1e-300] },
  echoStrings: { odd: ['', 'ü', '\0', '😀'] },
  echoBinaries: { odd: [Buffer.alloc(0), Buffer.from([0, 0xff]), Buffer.from([0xc3])] },
  echoColors: { all: [Color.RED, Color.GREEN, Color.BLUE, Color.LAST, Color.BELOW] },
  echoRoute: { empty: [], three: [point(0, 0), point(-1, 1), CORNER] },
  echoCube: { ragged: [[[1, 2], []], [], [[3]]] },
  echoBoolSet: { both: [true, false] },
  echoI64Set: { empty: [], extremes: [LEAST, i64(0), MOST] },
  echoStringSet: { odd: ['', 'a', 'é', '😀'] },
  echoBinarySet: { two: [Buffer.from([1, 0xff]), Buffer.alloc(0)] },
  echoPointSet: { two: [point(1, 2), point(2, 1)] },
  echoListSet: {
    two: [
      [1, 2],
      [2, 1],
    ],
  },
  echoStringMap: {
    empty: {},
    constant: WORDS,
    'names of JavaScript': { ['__proto__']: 'a', constructor: 'b', 10: 'c', 9: 'd' },
  },
  echoI8Map: { extremes: { '-128': 32767, 127: -32768 } },
  echoI64Map: {
    extremes: { '-9223372036854775808': MOST, '9223372036854775807': LEAST, '9007199254740993': i64(0) },
  },
  echoBoolMap: { both: { true: false, false: true } },
  echoDoubleMap: { two: { 0.1: 'a', '-1e+300': 'b' } },
  echoBinaryMap: { two: noSuchKeys },
  echoColorMap: { two: { [Color.BELOW]: 1, [Color.LAST]: 2 } },
  echoPointMap: { two: noSuchKeys },
  echoListMap: { one: { a: [{ 1: point(1, 2) }, {}] } },
  echoNested: { two: { '-1': { a: [[i64(1), i64(2)], []] }, 1: {} } },
  echoEmpty: { empty: new Empty() },
  echoEverything: { everything, nothing },
  echoNeeds: {
    'all there': new Needs({ must: 'a', usual: 1, maybe: LEAST, perhaps: false, some: [] }),
    'optional absent': new Needs({ must: '', usual: 0 }),
  },
  echoDefaults: {
    untouched: new Defaults(),
    changed: new Defaults({
      number: 0,
      text: '',
      yes: false,
      real: 0,
      color: Color.RED,
      numbers: [],
      named: {},
      point: point(0, 0),
      most: i64(0),
    }),
  },
  echoSparse: { all: new Sparse({ far: 40, first: 1, middle: 16, second: true, last: 'z', third: false }) },
  echoTree: { small: tree, deep: deepTree(50) },
  echoChain: { one: chain(1), deep: chain(50) },
  echoEither: eithers,
  echoEithers: { all: Object.values(eithers) },
  evolve: {
    wide: new Wide({
      title: 'wide',
      count: 5,
      real: 2.5,
      points: [point(1, 2)],
      named: { a: i64(1) },
      tree,
      numbers: [-1, 1],
      bytes: Buffer.from([1, 2]),
      flag: true,
      flags: [{ true: [false, true] }, {}],
    }),
    // What is left of a Narrow that came.
    narrow: new Wide({ count: 5 }),
  },
}

const mixed = '00112233-4455-6677-8899-aabbccddeeff'
const ones = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
export const uuids = {
  echoUuid: { mixed, zero: '00000000-0000-0000-0000-000000000000', ones },
  echoTagged: {
    alone: new Tagged({ id: ones, names: {} }),
    others: new Tagged({ id: mixed, others: [mixed, ones], names: { [ones]: 'b' } }),
  },
}

/** One text for equal values: an i64 in full, the sign of zero kept, keys in order. */
export function show(value) {
  if (value instanceof Int64) return String(value.buffer.readBigInt64BE(value.offset))
  if (Buffer.isBuffer(value)) return `<${value.toString('hex')}>`
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const fields = Object.keys(value)
    .filter((key) => value[key] !== null && typeof value[key] !== 'function')
    .sort()
    .map((key) => `${key}: ${show(value[key])}`)
  return `{${fields.join(', ')}}`
}
