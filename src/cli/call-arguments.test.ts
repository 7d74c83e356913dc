/**
 * Goal: what is typed behind `oncewire call URL Service.method` becomes arguments, or is told what would. Method: one method
 * with an argument of each kind, read in both forms.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programOf } from '../../test/support/random-idl.ts'
import { Catalog } from '../dynamic/catalog.ts'
import { argumentsOf } from './call-arguments.ts'
import { UsageError } from './terminal.ts'

const catalog = new Catalog(
  programOf({
    'probe.thrift': `
      enum Color { RED = 1, GREEN = 7 }
      struct Item { 1: required string name, 2: i64 cents, 3: Color color = Color.GREEN }
      union Either { 1: i32 number, 2: string text }
      service Probe {
        i64 big(1: i64 count),
        void words(1: string text, 2: bool yes, 3: double amount, 4: Color color, 5: i32 count = 5),
        void parts(1: binary data, 2: uuid id, 3: list<Item> items, 4: map<i64, Either> map),
        void none(),
      }`,
  }),
)
const read = (method: string, ...words: string[]): Promise<unknown[]> =>
  argumentsOf(catalog.method(`Probe.${method}`), words)

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'oncewire-'))))
afterAll(() => rmSync(folder, { recursive: true }))

describe('name=value', () => {
  test('texts without quotes, numbers, booleans, enums by name; a default may be left out', async () => {
    const words = ['amount=-1.5', 'text="x" = y', 'yes=true', 'color=RED']
    expect(await read('words', ...words)).toEqual(['"x" = y', true, -1.5, 1, 5])
    expect(await read('words', ...words, 'count=7')).toEqual(['"x" = y', true, -1.5, 1, 7])
    expect(await read('words', 'text=', 'yes=false', 'amount=Infinity', 'color=9')).toEqual(['', false, Infinity, 9, 5])
  })

  test('containers and structs as JSON, bytes as base64 or from a file', async () => {
    const id = '00112233-4455-6677-8899-aabbccddeeff'
    writeFileSync(join(folder, 'bytes'), Uint8Array.of(0, 1, 2))
    const items = [{ name: 'a', cents: 2n ** 62n, color: 7 }]
    const map = new Map([[5n, { kind: 'text', value: 'x' }]])
    for (const [data, bytes] of [
      ['AAE=', [0, 1]],
      [`@${join(folder, 'bytes')}`, [0, 1, 2]],
    ] as const) {
      const words = [
        `data=${data}`,
        `id=${id}`,
        `items=[{"name":"a","cents":"${2n ** 62n}"}]`,
        'map={"5":{"text":"x"}}',
      ]
      expect(await read('parts', ...words)).toEqual([Uint8Array.from(bytes), id, items, map])
    }
  })

  test('i64 to its last digit', async () => {
    expect(await read('big', `count=${-(2n ** 63n)}`)).toEqual([-(2n ** 63n)])
  })
})

test('JSON as a word or from a file', async () => {
  writeFileSync(join(folder, 'arguments.json'), '{ "count": 5 }\n')
  expect(await read('big', ' {"count":5}')).toEqual([5n])
  expect(await read('big', `@${join(folder, 'arguments.json')}`)).toEqual([5n])
  expect(await read('none')).toEqual([])
  expect(await read('none', '{}')).toEqual([])
})

test.each([
  ['big', ['cuont=5'], 'Probe.big: there is no argument "cuont". Did you mean "count"?\ni64 big(i64 count)'],
  ['words', ['colour=RED'], 'there is no argument "colour". Did you mean "color"?'],
  ['big', ['{"cuont":5}'], 'no field "cuont": Probe.big has count. Did you mean "count"?'],
  ['big', [], 'argument count is absent\ni64 big(i64 count)'],
  ['big', ['count=five'], 'count: must be a whole number'],
  ['big', ['count=5', 'count=6'], 'count is given twice'],
  ['big', ['5'], '"5" is no argument: write name=value, or one JSON object'],
  ['big', ['{"count":5}', 'count=6'], 'expected nothing behind the JSON, found "count=6"'],
  ['big', ['@none.json'], 'none.json cannot be read'],
  ['words', ['text=x', 'yes=maybe'], 'yes: must be true or false, not "maybe"'],
  ['words', ['color=REDD'], 'must be one of RED, GREEN, not "REDD". Did you mean "RED"?'],
  ['parts', ['items=[{"name":"a","cents":"x"}]'], 'items[0].cents: must be a whole number'],
  ['parts', ['items=[{"nam":"a"}]'], 'Item has name, cents, color. Did you mean "name"?'],
  ['none', ['x=1'], 'there is no argument "x".'],
])('%s %j is refused', async (method, words, advice) => {
  const error = await read(method, ...words).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UsageError)
  expect((error as Error).message).toContain(advice)
})
