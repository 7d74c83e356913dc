/**
 * Goal: the judge of the kill proof forgives nothing that it should not. Method: an innocent run, and one crime at a time.
 */
import { expect, test } from 'vitest'
import { type Evidence, type Findings, isProved, judgeKills, type Life } from './judge.ts'

const transfer = (tag: string): Evidence['effects'][number] => ({ tag, source: 'a', target: 'b', cents: 1 })
const ok = (tag: string): Life['told'][number] => ({ tag, how: 'ok' })
const none: ReadonlySet<string> = new Set()

/** Killed with one call told, one in the journal, one not yet; then a second life, which ends well. */
const killed: Life = { issued: ['t1', 't2', 't3'], told: [ok('t1')], journalled: new Set(['t2']), isEnded: false }
const second: Life = { issued: ['t4'], told: [ok('t2'), ok('t4')], journalled: none, isEnded: true }
const innocent: Evidence = {
  lives: [killed, second],
  effects: ['t1', 't2', 't4'].map(transfer),
  balances: new Map([
    ['a', 97],
    ['b', 103],
  ]),
  startCents: 100,
  crashed: 0,
}

test('an innocent run: what the journal did not hold yet is nobody’s loss', () => {
  const found = judgeKills(innocent)
  expect(found).toMatchObject({ issued: 4, unborn: 1, toldOk: 3, effects: 3, unsettled: 0, moneyOff: 0 })
  expect(isProved(found)).toBe(true)
})

const replaced = (life: Partial<Life>, later: Partial<Life> = {}): Evidence => ({
  ...innocent,
  lives: [
    { ...killed, ...life },
    { ...second, ...later },
  ],
})
const balances = (a: number, b: number): Evidence['balances'] =>
  new Map([
    ['a', a],
    ['b', b],
  ])

const crimes: readonly (readonly [string, keyof Findings, Evidence])[] = [
  ['a transfer stands twice', 'twice', { ...innocent, effects: [...innocent.effects, transfer('t4')] }],
  ['told ok, and gone', 'lost', { ...innocent, effects: innocent.effects.slice(1) }],
  ['told never, and there', 'uncalledFor', replaced({ told: [{ tag: 't1', how: 'never' }] })],
  ['nobody asked for it', 'uncalledFor', { ...innocent, effects: [...innocent.effects, transfer('t9')] }],
  ['journalled, and never handed over', 'unsettled', replaced({}, { told: [ok('t4')] })],
  ['journalled, without effect, and never handed over', 'unsettled', replaced({ journalled: new Set(['t2', 't3']) })],
  ['an effect that nobody was told of', 'unsettled', { ...innocent, effects: [...innocent.effects, transfer('t3')] }],
  ['a promise of a process that lived did not settle', 'unsettled', replaced({}, { issued: ['t4', 't5'] })],
  ['a doubt that remains', 'unsettled', replaced({}, { told: [ok('t2'), { tag: 't4', how: 'unknown' }] })],
  ['first ok, then never', 'contradicted', replaced({}, { told: [...second.told, { tag: 't1', how: 'never' }] })],
  ['half a transfer', 'moneyOff', { ...innocent, balances: balances(96, 103) }],
  ['the sum is right, and the accounts are not', 'moneyOff', { ...innocent, balances: balances(96, 104) }],
  ['a process that failed by itself', 'crashed', { ...innocent, crashed: 1 }],
]

for (const [name, finding, evidence] of crimes) {
  test(`found: ${name}`, () => {
    const found = judgeKills(evidence)
    expect(found[finding]).toBeGreaterThan(0)
    expect(isProved(found)).toBe(false)
  })
}

test('nothing happened: nothing was proved', () => {
  expect(isProved(judgeKills({ ...innocent, lives: [], effects: [], balances: new Map() }))).toBe(false)
})
