/**
 * Goal: docs/errors.md lists every code, and no other. Method: it is made from the table by scripts/errors-doc.mjs and
 * compared; `node scripts/errors-doc.mjs --write` makes it anew.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codes } from '../src/errors/codes.ts'
import { errorsDocument } from '../scripts/errors-doc.mjs'

test('docs/errors.md says what the table says', () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8')
  expect(text).toBe(errorsDocument(codes))
  for (const code of Object.keys(codes)) expect(text).toContain(`\n## ${code}\n`)
})
