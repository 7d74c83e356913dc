/**
 * Goal: a misspelt name is recognised, a different one is not. Method: the slips people make.
 */
import { expect, test } from 'vitest'
import { didYouMean, nearest } from './suggest.ts'

const names = ['debit', 'deposit', 'balance', 'history', 'i64', 'string']

test.each([
  ['debti', 'debit'], // two letters swapped
  ['dbit', 'debit'], // one missing
  ['debbit', 'debit'], // one too many
  ['Debit', 'debit'], // the wrong case
  ['ballance', 'balance'],
  ['histroy', 'history'],
  ['i46', 'i64'],
  ['strnig', 'string'],
])('%s was meant to be %s', (word, meant) => expect(nearest(word, names)).toBe(meant))

test.each(['', 'x', 'transfer', 'int', 'withdrawEverything'])('%o is like none of them', (word) => {
  expect(nearest(word, names)).toBeUndefined()
})

test('the nearest wins, and the first of equals', () => {
  expect(nearest('ab', ['abc', 'ab', 'abd'])).toBe('ab')
  expect(nearest('abx', ['abc', 'abd'])).toBe('abc')
})

test('a word of 200 letters is looked for, a longer one is not', () => {
  expect(nearest('x'.repeat(200), ['x'.repeat(199)])).toBe('x'.repeat(199))
  expect(nearest('x'.repeat(201), ['x'.repeat(200)])).toBeUndefined()
})

test('as part of a message', () => {
  expect(didYouMean('debti', names)).toBe(' Did you mean "debit"?')
  expect(didYouMean('transfer', names)).toBe('')
})
