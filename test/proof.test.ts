/**
 * Goal: docs/proof.md shows what runs measured, and nothing else. Method: it is written again from docs/proof.json; and a
 * file of our own, to which runs add.
 */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { appendProof, readProof } from '../src/cli/proof-file.ts'
import { temporaryFolder } from './support/bank.ts'
import { root } from './support/cli.ts'
import { sections } from './support/proof-sections.ts'
import { proofDocument, proofFile, proofPage } from './support/proof.ts'

test('the page is what the figures say (npx tsx test/support/proof.ts writes it)', () => {
  expect(readFileSync(proofPage, 'utf8')).toBe(proofDocument(readProof(proofFile)))
})

test('every section has a title, and its command is one that there is', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  expect(Object.keys(readProof(proofFile)).filter((name) => !(name in sections))).toEqual([])
  const commands = Object.values(sections).map(({ command }) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? command)
  expect(commands.filter((command) => !(command in scripts))).toEqual([])
})

test('what is a total is added up over runs, the rest is of the last run', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'proof.json')
  appendProof(file, 'simulator', { total: { seeds: 3, faults: { lost: 2 } }, last: { version: 'a', points: 5 } })
  appendProof(file, 'rules', { last: { rules: 1 } })
  appendProof(file, 'simulator', {
    total: { seeds: 4, faults: { lost: 1, cut: 1 } },
    last: { version: 'b', points: 4 },
  })
  const { simulator, rules } = readProof(file)
  expect(simulator).toMatchObject({ runs: 2, total: { seeds: 7, faults: { lost: 3, cut: 1 } } })
  expect(simulator?.last).toEqual({ version: 'b', points: 4 })
  expect(rules).toMatchObject({ runs: 1, last: { rules: 1 } })
  await rm(folder, { recursive: true })
})
