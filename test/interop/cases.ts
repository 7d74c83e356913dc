/**
 * What is sent to and fro, as our generated code has it: for each echo method the values by the name of their case.
 * Every peer has the same table in its own language.
 */
import { type Cross, Defaults, type Either, type Everything, type Tree, type Chain } from './gen/cross.ts'
import { Color, CORNER, MOST, type Point, WORDS } from './gen/parts.ts'
import type { Uuids } from './gen/uuids.ts'

/** The methods that are given a case's name and its value. */
type TableOf<S> = {
  readonly [M in keyof S & (`echo${string}` | 'evolve')]: S[M] extends (
    name: string,
    value: infer V,
    ...rest: never
  ) => unknown
    ? Readonly<Record<string, V>>
    : never
}

const least64 = -(2n ** 63n)
const bytes = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers)
const large = Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 7) & 0xff)
const point = (x: number, y: number): Point => ({ x, y })
const leaf = (value: number): Tree => ({ value, kids: [], named: new Map() })
const tree: Tree = {
  value: 1,
  kids: [leaf(2), { value: 3, kids: [leaf(4)], named: new Map([['five', leaf(5)]]) }],
  named: new Map([['', leaf(-6)]]),
}
function deepTree(depth: number): Tree {
  let deep = leaf(0)
  for (let value = 1; value < depth; value++) deep = { value, kids: [deep], named: new Map() }
  return deep
}
function chain(length: number): Chain {
  let whole: Chain = { value: 0, rest: undefined }
  for (let value = 1; value < length; value++) whole = { value, rest: whole }
  return whole
}
const everything: Everything = {
  yes: true,
  no: false,
  tiny: -128,
  small: -32768,
  medium: -2147483648,
  large: least64,
  real: -2.5,
  text: 'Grüße, 世界 😀',
  bytes: bytes(0, 0xff, 0x80),
  color: Color.BLUE,
  cents: 9007199254740993n,
  point: point(1, -1),
  words: ['a', '', 'c'],
  numbers: new Set([3, -1, 2]),
  named: new Map([
    ['a', point(1, 2)],
    ['b', point(3, 4)],
  ]),
  route: [point(5, 6)],
  nothing: {},
  flags: [true, false, true],
  colors: new Map([
    [-7, [Color.RED, Color.BELOW]],
    [7, []],
  ]),
}
const nothing: Everything = {
  yes: false,
  no: false,
  tiny: 0,
  small: 0,
  medium: 0,
  large: 0n,
  real: 0,
  text: '',
  bytes: bytes(),
  color: Color.RED,
  cents: 0n,
  point: point(0, 0),
  words: [],
  numbers: new Set(),
  named: new Map(),
  route: [],
  nothing: {},
  flags: [],
  colors: new Map(),
}
const eithers: Readonly<Record<string, Either>> = {
  text: { kind: 'text', value: 'x' },
  number: { kind: 'number', value: MOST },
  tree: { kind: 'tree', value: tree },
  numbers: { kind: 'numbers', value: [1, 2] },
  color: { kind: 'color', value: Color.LAST },
  flag: { kind: 'flag', value: false },
  bytes: { kind: 'bytes', value: bytes(1, 0) },
  reals: { kind: 'reals', value: new Map([['half', 0.5]]) },
}

export const cross: TableOf<Cross> = {
  echoBool: { yes: true, no: false },
  echoI8: { zero: 0, most: 127, least: -128, 'minus one': -1 },
  echoI16: { most: 32767, least: -32768 },
  echoI32: { most: 2147483647, least: -2147483648, 'minus one': -1 },
  echoI64: { most: MOST, least: least64, 'beyond doubles': 9007199254740993n, 'minus one': -1n },
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
    emoji: '👩‍👩‍👧 😀',
    'right to left': 'שלום مرحبا',
    combining: 'e\u0301 a\u0308\u0323',
    'four bytes': '𝒳𠜎\u{10FFFF}',
    escapes: '"\\/\b\f\n\r\t\u0001\u007f\'',
    separators: '\u2028\u2029\uFEFF\u00A0',
    'beside surrogates': '\uD7FF\uE000\uFFFF',
    'like JSON': '{"1":{"i32":1}}],[',
    large: '0123456789abcdef'.repeat(1 << 16),
    'large and wide': 'é世😀'.repeat(20_000),
  },
  echoBinary: {
    empty: bytes(),
    'one byte': bytes(0xff),
    'two bytes': bytes(0xfb, 0xf0),
    'three bytes': bytes(0, 0, 0),
    'every byte': Uint8Array.from({ length: 256 }, (_, at) => at),
    large,
  },
  // A number that the IDL does not name can be read and passed on; `as` is how TypeScript is told.
  echoColor: { red: Color.RED, last: Color.LAST, below: Color.BELOW, unknown: 99 as Color },
  echoCents: { typedef: -250n, constant: MOST },

  echoBools: { empty: [], mixed: [true, false, true], twenty: Array.from({ length: 20 }, (_, at) => at % 3 === 0) },
  echoI8s: { three: [-128, 0, 127] },
  echoI32s: { fourteen: range(14), fifteen: range(15), 'ten thousand': range(10_000).map((at) => at * at - 5000) },
  echoI64s: { extremes: [least64, 0n, MOST] },
  echoDoubles: { odd: [0.5, -1.5, Infinity, 1e-300] },
  echoStrings: { odd: ['', 'ü', '\0', '😀'] },
  echoBinaries: { odd: [bytes(), bytes(0, 0xff), bytes(0xc3)] },
  echoColors: { all: [Color.RED, Color.GREEN, Color.BLUE, Color.LAST, Color.BELOW] },
  echoRoute: { empty: [], three: [point(0, 0), point(-1, 1), CORNER] },
  echoCube: { ragged: [[[1, 2], []], [], [[3]]] },

  echoBoolSet: { both: new Set([true, false]) },
  echoI64Set: { empty: new Set(), extremes: new Set([least64, 0n, MOST]) },
  echoStringSet: { odd: new Set(['', 'a', 'é', '😀']) },
  echoBinarySet: { two: new Set([bytes(1, 0xff), bytes()]) },
  echoPointSet: { two: new Set([point(1, 2), point(2, 1)]) },
  echoListSet: {
    two: new Set([
      [1, 2],
      [2, 1],
    ]),
  },

  echoStringMap: {
    empty: new Map(),
    constant: WORDS,
    'names of JavaScript': new Map([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['10', 'c'],
      ['9', 'd'],
    ]),
  },
  echoI8Map: {
    extremes: new Map([
      [-128, 32767],
      [127, -32768],
    ]),
  },
  echoI64Map: {
    extremes: new Map([
      [least64, MOST],
      [MOST, least64],
      [9007199254740993n, 0n],
    ]),
  },
  echoBoolMap: {
    both: new Map([
      [true, false],
      [false, true],
    ]),
  },
  echoDoubleMap: {
    two: new Map([
      [0.1, 'a'],
      [-1e300, 'b'],
    ]),
  },
  echoBinaryMap: {
    two: new Map([
      [bytes(0xff, 0), 'a'],
      [bytes(), 'b'],
    ]),
  },
  echoColorMap: {
    two: new Map([
      [Color.BELOW, 1],
      [Color.LAST, 2],
    ]),
  },
  echoPointMap: {
    two: new Map([
      [point(1, 2), 'a'],
      [point(2, 1), 'b'],
    ]),
  },
  echoListMap: { one: new Map([['a', [new Map([[1, point(1, 2)]]), new Map()]]]) },
  echoNested: {
    two: new Map([
      [-1, new Map([['a', [new Set([1n, 2n]), new Set<bigint>()]]])],
      [1, new Map()],
    ]),
  },

  echoEmpty: { empty: {} },
  echoEverything: { everything, nothing },
  echoNeeds: {
    'all there': { must: 'a', usual: 1, maybe: least64, perhaps: false, some: [] },
    'optional absent': { must: '', usual: 0, maybe: undefined, perhaps: undefined, some: undefined },
  },
  echoDefaults: {
    untouched: Defaults.create({}),
    changed: {
      number: 0,
      text: '',
      yes: false,
      real: 0,
      color: Color.RED,
      numbers: [],
      named: new Map(),
      point: point(0, 0),
      most: 0n,
    },
  },
  echoSparse: { all: { far: 40, first: 1, middle: 16, second: true, last: 'z', third: false } },
  echoTree: { small: tree, deep: deepTree(50) },
  echoChain: { one: chain(1), deep: chain(50) },
  echoEither: eithers,
  echoEithers: { all: Object.values(eithers) },
  evolve: {
    wide: {
      title: 'wide',
      count: 5,
      real: 2.5,
      points: [point(1, 2)],
      named: new Map([['a', 1n]]),
      tree,
      numbers: new Set([-1, 1]),
      bytes: bytes(1, 2),
      flag: true,
      flags: [new Map([[true, [false, true]]]), new Map()],
    },
    // What is left of a Narrow that came.
    narrow: {
      title: '',
      count: 5,
      real: 0,
      points: [],
      named: new Map(),
      tree: undefined,
      numbers: new Set(),
      bytes: bytes(),
      flag: false,
      flags: [],
    },
  },
}

const ids = ['00112233-4455-6677-8899-aabbccddeeff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const

export const uuids: TableOf<Uuids> = {
  echoUuid: { mixed: ids[0], zero: '00000000-0000-0000-0000-000000000000', ones: ids[1] },
  echoTagged: {
    alone: { id: ids[1], others: undefined, names: new Map() },
    others: { id: ids[0], others: [...ids], names: new Map([[ids[1], 'b']]) },
  },
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at)
}
