/**
 * Values as honest peers have them: what inputs are made from.
 */
import { type Choice, Everything, type Refused as RefusedType, Refused, type Tree } from '../gen/hostile.ts'

const leaf: Tree = { value: 1, kids: [], named: new Map() }
const tree: Tree = {
  value: -5,
  kids: [leaf, { ...leaf, next: leaf }],
  next: leaf,
  named: new Map([
    ['a', leaf],
    ['ä', { ...leaf, value: 2 ** 31 - 1 }],
  ]),
}
const choice: Choice = {
  kind: 'many',
  value: [
    { kind: 'text', value: 'x"\\\n' },
    { kind: 'number', value: 3 },
  ],
}
const refused: RefusedType = new Refused({ message: 'no', code: 7, cause_: choice })
const uuid = '00112233-4455-6677-8899-aabbccddeeff'

const parts: readonly Partial<Everything>[] = [
  {},
  { yes: true, tiny: -128, small: 0x7fff, middle: -(2 ** 31), large: 2n ** 63n - 1n, safe: 2 ** 53 - 1 },
  { real: -0, text: 'grüße 😀', data: Uint8Array.of(0, 255, 128), name: uuid, color: 2 },
  { real: NaN, far: 'far', negative: -1, last: false, flags: [true, false, true] },
  { nothings: [{}, {}, {}], larges: [1n, -1n, 2n ** 40n], reals: [1.5, -Infinity] },
  {
    words: new Set(['', 'a', 'b']),
    units: new Set([{}]),
    names: new Map([
      [1, 'one'],
      [-1, ''],
    ]),
  },
  { odd: new Map([[{}, choice]]), cube: [[[1, 2], []], []] },
  {
    deep: new Map([
      [
        'k',
        new Map([
          [true, [Uint8Array.of(1)]],
          [false, []],
        ]),
      ],
    ]),
  },
  { tree },
  { choice, refused, needed: { number: 1, text: 'one' } },
  { byReal: new Map([[0.1, uuid]]), byColor: new Map([[1, new Set([2, 7, 9 as never])]]) },
  { byList: new Map([[[1, -2], new Map([[5n, leaf]])]]) },
]

export const samples: readonly Everything[] = [
  ...parts.map((part) => Everything.create({ ...part } as Everything)),
  Everything.create(Object.assign({}, ...parts) as Everything),
]
