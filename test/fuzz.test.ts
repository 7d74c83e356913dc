/**
 * Goal: whatever bytes come, lexer, parser, codecs, framings and machines answer with a value or the error that they
 * promise. Method: every input that was kept, again; then a few seconds of a fuzzer that sees which branches it reaches.
 */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCorpus } from './hostile/fuzz/corpus.ts'
import { fuzz } from './hostile/fuzz/run.ts'
import { targets } from './hostile/targets/index.ts'

describe('what was kept', () => {
  for (const target of targets) {
    test(target.name, () => {
      for (const input of [...target.seeds(), ...readCorpus(target.name).map((kept) => kept.input)]) target.run(input)
    })
  }
})

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

test(`a few seconds more, of seed ${seed}`, { timeout: 60_000 }, async () => {
  // Where the bundle finds the packages that it leaves outside.
  const file = join(import.meta.dirname, '../node_modules/.cache/oncewire/fuzz-test.mjs')
  const done = await fuzz({ seed, milliseconds: 3_000, only: [], onProgress: () => {} }, file)
  const findings = done.flatMap(({ target, findings: found }) =>
    found.map(({ input, why }) => `${target} ${Buffer.from(input).toString('base64')}: ${why}`),
  )
  expect(findings, `SEED=${seed} npx vitest run test/fuzz.test.ts`).toEqual([])
  expect(done.every(({ count }) => count > 0)).toBe(true)
})
