/**
 * Goal: a thing is found by every name that it has, and one that is misspelt is told. Method: an IDL with an include, and a
 * service as a server tells it that does not have its IDL.
 */
import { describe, expect, test } from 'vitest'
import { programOf } from '../../test/support/random-idl.ts'
import { named, thingsIn, thingsTold } from './things.ts'

const things = [
  ...thingsIn(
    programOf({
      'bank.thrift': `
        include "shared.thrift"
        enum Kind { DEBIT = 1 }
        typedef i64 Cents
        const i32 MAX = 5
        /** Accounts. */
        service Bank extends shared.Base {
          /** Takes. */
          Cents debit(1: shared.Key key)
        }
        service Same {}`,
      'shared.thrift':
        'typedef string Key\nstruct Same {}\nstruct Entry { 1: Key key }\nservice Base { Entry get(1: Key key) }',
    }),
  ),
  ...thingsTold({
    name: 'Old',
    file: undefined,
    methods: [{ name: 'add', delivery: 'at-most-once', isOneway: false, signature: 'i32 add(i32 a)' }],
  }),
]

describe('found', () => {
  test.each([
    ['Bank', 'bank.thrift', 'service Bank extends shared.Base {'],
    ['Bank.debit', 'bank.thrift', '/** Takes. */\nCents debit(1: shared.Key key)'],
    ['Bank.get', 'shared.thrift', 'Entry get(1: Key key)'],
    ['Entry', 'shared.thrift', 'struct Entry { 1: Key key }'],
    ['shared.Entry', 'shared.thrift', 'struct Entry { 1: Key key }'],
    ['Kind.DEBIT', 'bank.thrift', 'enum Kind { DEBIT = 1 }'],
    ['Cents', 'bank.thrift', 'typedef i64 Cents'],
    ['MAX', 'bank.thrift', 'const i32 MAX = 5'],
    ['Old', undefined, 'service Old {\n  i32 add(i32 a) // at-most-once\n}'],
    ['Old.add', undefined, 'i32 add(i32 a) // at-most-once'],
  ])('%s', (name, file, idl) => {
    const [found, ...more] = named(things, name)
    expect(more).toEqual([])
    expect(found?.file).toBe(file)
    expect(found?.idl).toContain(idl)
  })

  test('twice, where two files have one of that name', () => {
    expect(named(things, 'Same').map(({ kind }) => kind)).toEqual(['service', 'struct'])
  })

  test('once, where two services of one server lie in one file', () => {
    expect(named([...things, ...things], 'Entry')).toHaveLength(1)
  })
})

test.each([
  ['Entyr', 'nothing is called "Entyr" there. Did you mean "Entry"?'],
  ['Bank.debti', 'Did you mean "Bank.debit"?'],
  ['debit', 'Did you mean "Bank.debit"?'],
  ['debti', 'Did you mean "Bank.debit"?'],
  ['Nowhere', /there\.$/],
])('%s is nothing', (name, message) => {
  expect(() => named(things, name)).toThrow(message)
})
