/**
 * Goal: JSON as people read it is the same JSON. Method: any JSON value, read back from what is shown; a few by eye.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prettyJson } from './pretty-json.ts'

test('is the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (json) => {
      expect(JSON.parse(prettyJson(json))).toEqual(JSON.parse(json))
    }),
  )
})

test('keeps every digit', () => {
  expect(prettyJson('{"a":1.50,"b":-0.0,"c":12345678901234567890}')).toBe(
    '{ "a": 1.50, "b": -0.0, "c": 12345678901234567890 }',
  )
})

test('breaks what is long, and nothing else', () => {
  const long = 'x'.repeat(50)
  expect(prettyJson(`{"one":["${long}",{"two":[],"three":{}}],"four":"${long}"}`)).toBe(`{
  "one": ["${long}", { "two": [], "three": {} }],
  "four": "${long}"
}`)
})
