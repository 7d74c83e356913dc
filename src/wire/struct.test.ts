/**
 * Goal: a value that does not fit is refused with its place, and leaves the codec as good as before.
 * Method: the generated structs of the golden files, which are what users have.
 */
import { describe, expect, test } from 'vitest'
import { Entry, Kind } from '../../test/golden/generated/bank.ts'
import { Payment, Tree } from '../../test/golden/generated/kitchen.ts'
import { OncewireError } from '../errors/oncewire-error.ts'

const leaf: Tree = {
  id: '00112233-4455-6677-8899-aabbccddeeff',
  kids: [],
  named: new Map(),
  tags: new Set(),
  data: new Uint8Array(),
}
const entry: Entry = { cents: 1n, kind: Kind.DEBIT, atMs: 0 }

/** The message with which `value` is refused. */
function refusal(encode: () => unknown): string {
  try {
    encode()
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    expect(error).toMatchObject({ code: 'invalid-argument', executed: 'never' })
    return (error as OncewireError).message
  }
  return expect.fail('it was accepted')
}
const treeRefusal = (fields: object): string => refusal(() => Tree.encode({ ...leaf, ...fields }))

/** A tree of so many levels. */
function treeOf(levels: number): Tree {
  return levels === 1 ? leaf : { ...leaf, kids: [treeOf(levels - 1)] }
}

describe('a value that does not fit', () => {
  test('is named with its struct and field', () => {
    expect(refusal(() => Entry.encode({ ...entry, cents: 5 as unknown as bigint }))).toBe(
      'Entry.cents must be a bigint from -2n ** 63n to 2n ** 63n - 1n (i64), not 5',
    )
    expect(refusal(() => Entry.encode({ ...entry, kind: 1n as unknown as Kind }))).toBe(
      'Entry.kind must be a number of its enum (i32), not 1n',
    )
    expect(refusal(() => Entry.encode({ ...entry, atMs: 2 ** 53 }))).toMatch(
      /^Entry\.atMs must be .*, not 9007199254740992$/,
    )
  })

  test('inside a container is named with the field that holds the container', () => {
    expect(treeRefusal({ tags: new Set([5]) })).toBe('an element of Tree.tags must be a string, not 5')
    expect(treeRefusal({ buckets: new Map([['x', [1.5]]]) })).toMatch(
      /^an element of Tree\.buckets must be .*, not 1\.5$/,
    )
  })

  test('behind another struct is named with the struct it is in', () => {
    const named = new Map<unknown, Tree>([
      ['x', { ...leaf, buckets: new Map([['y', [1]]]) }],
      [5, leaf],
    ])
    expect(treeRefusal({ named })).toBe('an element of Tree.named must be a string, not 5')
  })

  test('of no form at all is refused with its struct', () => {
    expect(treeRefusal({ kids: undefined })).toMatch(/^Tree: /)
    expect(treeRefusal({ kids: [undefined] })).toMatch(/^Tree: /)
    expect(treeRefusal({ tags: [] })).toBe('Tree.tags must be a Set, not undefined')
    expect(treeRefusal({ next: 7 })).toBe('Tree.next must be a struct, not 7')
    expect(refusal(() => Entry.encode(null as unknown as Entry))).toMatch(/^Entry: /)
  })

  test('is refused where a union has an arm that it does not know', () => {
    expect(refusal(() => Payment.encode({ kind: 'unknown', id: 9 }))).toBe(
      'Payment: a union of kind "unknown" cannot be written; its kinds are card, cash, tree',
    )
  })

  test('does not disturb the value after it', () => {
    treeRefusal({ buckets: new Map([['x', ['y']]]) })
    expect(Entry.decode(Entry.encode(entry))).toEqual({ ...entry, note: undefined })
  })
})

describe('depth', () => {
  test('64 structs may be inside each other, not 65', () => {
    const deepest = treeOf(64)
    const bytes = Tree.encode(deepest)
    expect(Tree.encode(Tree.decode(bytes))).toEqual(bytes)
    expect(refusal(() => Tree.encode(treeOf(65)))).toMatch(/nested deeper than 64/)
  })

  test('a value that holds itself is refused', () => {
    const kids: Tree[] = []
    const tree: Tree = { ...leaf, kids }
    kids.push(tree)
    expect(refusal(() => Tree.encode(tree))).toMatch(/does the value hold itself/)
  })
})

describe('a codec at work', () => {
  test('is not disturbed by a getter that encodes something else', () => {
    const sly: Entry = {
      ...entry,
      get note() {
        return String(Tree.decode(Tree.encode(leaf)).tags.size)
      },
    }
    expect(Entry.decode(Entry.encode(sly))).toEqual({ ...entry, note: '0' })
  })

  test('gives one answer after another, each its own bytes', () => {
    const first = Entry.encode(entry)
    const copy = first.slice()
    Entry.encode({ ...entry, cents: 2n })
    expect(first).toEqual(copy)
  })

  test('a value of many megabytes comes back, and a small one after it', () => {
    const data = new Uint8Array(5_000_000).fill(7)
    expect(Buffer.compare(Tree.decode(Tree.encode({ ...leaf, data })).data, data)).toBe(0)
    expect(Entry.decode(Entry.encode(entry)).cents).toBe(1n)
  })

  test('a codec that is not there is named, also one that only objects have', () => {
    for (const codec of ['xml', 'toString'] as const) {
      expect(() => Entry.encode(entry, codec as 'json')).toThrow(`the ${codec} codec is not in this version`)
    }
  })
})
