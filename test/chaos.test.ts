/**
 * Goal: the judge of the chaos run forgives nothing that it should not, and a short run of it breaks no promise. Method: an
 * innocent run and one crime at a time; then real processes for some seconds, on both ledgers. `npm run proof:chaos` is the
 * long one.
 */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import { explained } from './chaos/explain.ts'
import type { Entry, Word } from './chaos/history.ts'
import { type Evidence, judge, wentBack } from './chaos/judge.ts'
import { startCents } from './chaos/plan.ts'
import { runChaos } from './chaos/run.ts'
import type { Transfer } from './chaos/store.ts'
import type { Effect } from './chaos/tape.ts'
import { mustBeBuilt } from './support/cli.ts'

const called = (tag: string, until = '-'): Entry => ({ kind: 'called', tag, atMs: 1000, until })
const said = (
  kind: 'told' | 'recovered' | 'resolved',
  tag: string,
  [word, detail]: readonly [Word, string],
): Entry => ({
  ...{ kind, tag, word, detail },
  atMs: 2000,
})
const ok = (tag: string, answer: number): Entry => said('told', tag, ['ok', String(answer)])
const ended: Entry = { kind: 'ended', tag: '', atMs: 9000 }

const effect = (tag: string, answer: number): Effect => ({ tag, answer, server: 's', xid: 'x', atMs: 1500 })
const transfer = (tag: string, answer: number): Transfer => ({ ...effect(tag, answer), source: 1, target: 2, cents: 1 })
const transfers = [
  transfer('t:1', 11),
  transfer('t:2', 12),
  transfer('o:1', 13),
  transfer('r:1/1', 14),
  transfer('r:1/2', 15),
]

/** Killed with t:2 in its journal and t:3 not yet; a second life that is told of t:2. */
const killed: readonly Entry[] = [
  called('t:1'),
  ok('t:1', 11),
  called('t:2'),
  called('t:3'),
  called('o:1'),
  called('c:2'),
  called('r:1'),
]
const second: readonly Entry[] = [
  ...[said('recovered', 't:2', ['ok', '12']), called('o:1'), ok('o:1', 13), called('c:1'), ok('c:1', 21)],
  ...[
    called('t:4', '5ms'),
    said('told', 't:4', ['unknown', 'deadline']),
    said('resolved', 't:4', ['never', 'deadline']),
  ],
  ...[
    called('t:5!'),
    said('told', 't:5!', ['never', 'internal-error']),
    called('t:6?'),
    said('told', 't:6?', ['exception', 'Short']),
  ],
  ...[called('d:1'), ok('d:1', 31), called('p:1'), ok('p:1', 42), called('b:1'), ok('b:1', 1)],
  ...[called('r:1'), said('told', 'r:1', ['ok', '14,15']), ended],
]
const innocent: Evidence = {
  lives: [killed, second].map((entries) => ({ client: 'a', entries })),
  stored: {
    ...{ transfers, recordsMax: 2048, records: 2048, openIntents: 0 },
    balances: new Map([
      [1, startCents - transfers.length],
      [2, startCents + transfers.length],
    ]),
  },
  counted: [effect('c:1', 21), effect('p:1', 41), effect('p:1', 42)],
  paid: [effect('d:1', 31)],
  blows: [],
  servers: 1,
  leftInJournals: 0,
  linkLog: [`${new Date(1600).toISOString()} connection 1 -> dropped: CALL s:7 Chaos.transfer, attempt 1`],
  crashes: [],
}

test('an innocent run', () => {
  expect(judge(innocent)).toMatchObject({ findings: [], calls: 15, effects: 9 })
})

const later = (...more: Entry[]): Evidence => ({
  ...innocent,
  lives: [...innocent.lives, { client: 'a', entries: [...more, ended] }],
})
const stored = (more: Partial<Evidence['stored']>): Evidence => ({
  ...innocent,
  stored: { ...innocent.stored, ...more },
})
/** One more row, its cents left out of the account. */
const withRow = (tag: string, answer: number): Evidence =>
  stored({ transfers: [...transfers, { ...transfer(tag, answer), cents: 0 }] })
const without = (tag: string): Evidence => stored({ transfers: transfers.filter((one) => one.tag !== tag) })
const unknown = (tag: string, until = '-'): Evidence =>
  later(called(tag, until), said('told', tag, ['unknown', 'unavailable']))

const crimes: readonly (readonly [crime: string, found: RegExp, Evidence])[] = [
  ['a transfer stands twice', /^I1 happened 2 times: t:1$/, withRow('t:1', 11)],
  ['a key has two effects', /^I9 happened 2 times: o:1$/, withRow('o:1', 13)],
  [
    'an at-most-once call ran twice',
    /^I1 .*: c:1$/,
    { ...innocent, counted: [...innocent.counted, effect('c:1', 22)] },
  ],
  ['a machine paid twice', /^I1 .*: d:1$/, { ...innocent, paid: [...innocent.paid, effect('d:1', 31)] }],
  ['a step of a run happened twice', /^I1 step 2/, withRow('r:1/2', 15)],
  ['told ok, and gone', /^I2 told ok/, without('t:1')],
  ['told once, and gone', /^I2 told once/, later(called('t:9'), said('told', 't:9', ['once', 'reply-too-large']))],
  ['told another answer than the one that stands', /^I3 told 99/, later(said('recovered', 't:1', ['ok', '99']))],
  ['a run was told another answer', /^I3 a run/, later(called('r:2'), said('told', 'r:2', ['ok', '1,2']))],
  [
    'told never, and it happened',
    /^I5 told never.*: t:7$/,
    {
      ...withRow('t:7', 17),
      lives: [
        ...innocent.lives,
        { client: 'a', entries: [called('t:7'), said('told', 't:7', ['never', 'withdrawn']), ended] },
      ],
    },
  ],
  ['told ok, then never', /^I0 told ok and never/, later(said('resolved', 't:1', ['never', 'deadline']))],
  ['a handler failed, and its transfer stands', /^I5 its handler/, withRow('t:5!', 18)],
  ['an exception, and its transfer stands', /^I5 its handler/, withRow('t:6?', 18)],
  ['nobody called it', /^I0 an effect that nobody called: t:8$/, withRow('t:8', 18)],
  ['a promise did not settle', /^I8 called, and nobody/, later(called('c:3'))],
  ['it happened, and the client that was killed never heard', /^I8 it happened, and.*: t:3$/, withRow('t:3', 18)],
  ['a run that never ended', /^I8 a run/, later(called('r:3'))],
  ['an exactly-once call remains unknown', /^I11 .*: t:9$/, unknown('t:9')],
  ['so does one at most once, and no server was hurt', /^I11 .*: c:9$/, unknown('c:9')],
  ['or only because its caller was in a hurry', /^I11 .*: c:9$/, unknown('c:9', '5ms')],
  [
    'half a transfer',
    /^I10 account 2/,
    stored({
      balances: new Map([
        [1, startCents - 5],
        [2, startCents + 4],
      ]),
    }),
  ],
  ['too many records', /^I7 2049/, stored({ recordsMax: 2049 })],
  ['an intent that stays open', /^I8 1 external/, stored({ openIntents: 1 })],
  ['a journal that is not empty', /^I8 2 calls/, { ...innocent, leftInJournals: 2 }],
  [
    'a process that ended by itself',
    /ended by itself: s-server-0/,
    { ...innocent, crashes: ['s-server-0 with exit code 1'] },
  ],
]

test.each(crimes)('found: %s', (_, found, evidence) => {
  const texts = judge(evidence).findings.map(({ text }) => text)
  expect(texts).toContainEqual(expect.stringMatching(found))
})

test('a finding comes with the history of its call', () => {
  const guilty = later(called('t:9'), said('told', 't:9', ['unknown', 'unavailable@s:7']))
  const blows = [{ what: 'server-killed s-server-0', fromMs: 1500, toMs: 1550 }]
  expect(explained(judge(guilty), { ...guilty, blows })).toEqual([
    `I11 remains unknown (unavailable@s:7): t:9
  00:00:01.000  a called, until -
  00:00:01.500  server-killed s-server-0, for 50 ms
  00:00:01.600  link: connection 1 -> dropped: CALL s:7 Chaos.transfer, attempt 1
  00:00:02.000  a told: unknown unavailable@s:7`,
  ])
})

test('excused: an at-most-once call whose server was killed, or one of several in a hurry', () => {
  const blows = [{ what: 'server-killed', fromMs: 1500, toMs: 1600 }]
  expect(judge({ ...unknown('c:9'), blows }).findings).toEqual([])
  expect(judge({ ...unknown('c:9', '5ms'), servers: 2 }).findings).toEqual([])
  expect(judge({ ...unknown('t:9'), blows }).findings).toHaveLength(1)
})

test('a session that goes back is seen', () => {
  const seen = new Map()
  expect(wentBack(seen, [{ id: 'a', epoch: 2, firstUnacked: 9 }])).toEqual([])
  expect(wentBack(seen, [{ id: 'a', epoch: 3, firstUnacked: 8 }])).toHaveLength(1)
  expect(wentBack(seen, [{ id: 'a', epoch: 2, firstUnacked: 8 }])).toHaveLength(1)
})

beforeAll(mustBeBuilt)

test('some thousand calls between processes that are killed, stopped and cut off: no promise is broken, nothing is left', async () => {
  const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('oncewire-chaos-'))
  const before = new Set(leftovers())
  const seed = Date.now() % 1_000_000
  const worlds = ['sqlite', 'postgres'] as const
  const report = await runChaos({ calls: Infinity, seconds: 3, everyMs: 500, seed, worlds, onProgress: () => {} })
  console.log(JSON.stringify(report)) // The seed, should it fail.
  expect(report.shown).toEqual([])
  expect(report.calls).toBeGreaterThan(1000)
  expect(leftovers().filter((name) => !before.has(name))).toEqual([])
}, 120_000)
