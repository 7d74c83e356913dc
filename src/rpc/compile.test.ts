/**
 * Goal: a method's arguments, results and exceptions travel as stock Thrift's argument and result structs, and what is
 * wrong with them is said with service, method and argument. Method: generated services, vectors worked out by hand.
 */
import { describe, expect, test } from 'vitest'
import { Bank, InsufficientFunds, Kind } from '../../test/golden/generated/bank.ts'
import { Kitchen, NotFound, type Tree } from '../../test/golden/generated/kitchen.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import { fromHex, toHex } from '../std/bytes.ts'
import { compileService } from './compile.ts'
import type { CompiledMethod, Service } from './service.ts'
import { i32, i64, string } from './stub-v1.ts'

const bytesOf = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))
const methodOf = (service: Service<unknown>, name: string): CompiledMethod =>
  compileService(service).get(name) ?? expect.fail(`no ${name}`)
const debit = methodOf(Bank as Service<unknown>, 'debit')
const note = methodOf(Bank as Service<unknown>, 'note')
const pay = methodOf(Kitchen as Service<unknown>, 'pay')
const find = methodOf(Kitchen as Service<unknown>, 'find')

function failureOf(run: () => unknown): OncewireError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(OncewireError)
    return error as OncewireError
  }
  return expect.fail('it was accepted')
}

describe('a service', () => {
  test('is compiled once', () => {
    expect(compileService(Bank as Service<unknown>)).toBe(compileService(Bank as Service<unknown>))
  })

  test('has inherited methods under its own name', () => {
    expect([...compileService(Kitchen as Service<unknown>).values()].map(({ name }) => name)).toEqual([
      'Kitchen.getStruct',
      'Kitchen.zip',
      'Kitchen.find',
      'Kitchen.pay',
      'Kitchen.tune',
    ])
  })

  test('keeps the IDL name of a method that TypeScript calls otherwise', () => {
    const later: Service<unknown> = {
      name: 'Later',
      methods: { then_: { delivery: 'at-most-once', wireName: 'then', arguments: {} } },
    }
    expect(methodOf(later, 'then_').name).toBe('Later.then')
  })

  test('knows its methods: delivery, oneway, the argument that is the key', () => {
    expect(debit).toMatchObject({ delivery: 'exactly-once', isOneway: false, keyIndex: 0 })
    expect(debit.argumentNames).toEqual(['account', 'cents'])
    expect(methodOf(Kitchen as Service<unknown>, 'zip')).toMatchObject({ isOneway: true, keyIndex: -1 })
  })
})

describe('arguments', () => {
  test('are a struct of their ids', () => {
    const bytes = debit.encodeArguments(['al', 5n])
    expect(toHex(bytes)).toBe(toHex(bytesOf('0b0001 00000002 616c 0a0002 0000000000000005 00')))
    expect(debit.decodeArguments(bytes)).toEqual(['al', 5n])
  })

  test('of the wrong type are named', () => {
    expect(failureOf(() => debit.encodeArguments(['al', 5]))).toMatchObject({
      code: 'invalid-argument',
      executed: 'never',
      message: 'Bank.debit: argument cents: must be a bigint from -2n ** 63n to 2n ** 63n - 1n (i64), not 5',
    })
    const where = new Map([['x', [1]]])
    expect(failureOf(() => find.encodeArguments(['00112233-4455-6677-8899-aabbccddeeff', where])).message).toBe(
      'Kitchen.find: argument where: an element must be a string, not 1',
    )
    expect(failureOf(() => pay.encodeArguments([undefined])).message).toBe(
      'Kitchen.pay: argument how: must be a struct, not undefined',
    )
    expect(failureOf(() => pay.encodeArguments([{ kind: 'card', value: 5 }])).message).toBe(
      'Kitchen.pay: argument how: Payment.card must be a string, not 5',
    )
    expect(failureOf(() => pay.encodeArguments([{ kind: 'tree', value: {} as Tree }])).message).toMatch(
      /^Kitchen\.pay: argument how: Tree\.id must be a uuid/,
    )
  })

  test('too many or too few are counted', () => {
    expect(failureOf(() => debit.encodeArguments(['al'])).message).toBe(
      'Bank.debit takes (account, cents), not 1 arguments',
    )
    expect(failureOf(() => debit.encodeArguments(['al', 5n, 6n]))).toMatchObject({ code: 'invalid-argument' })
  })

  test('that are absent read as their default, else as zero; a struct has no zero', () => {
    expect(debit.decodeArguments(bytesOf('00'))).toEqual(['', 0n])
    expect(failureOf(() => pay.decodeArguments(bytesOf('00')))).toMatchObject({
      code: 'malformed',
      executed: 'never',
      message: 'Kitchen.pay: argument how is absent',
    })
    const service: Service<unknown> = {
      name: 'S',
      methods: { m: { delivery: 'at-most-once', arguments: { a: [1, i32, 7], b: [2, { list: string }] } } },
    }
    expect(methodOf(service, 'm').decodeArguments(bytesOf('00'))).toEqual([7, []])
  })

  test('that nobody declared are stepped over, call information at 32767 among them', () => {
    expect(note.decodeArguments(bytesOf('080009 00000001 0c7fff 00 0b0001 00000001 61 00'))).toEqual(['a'])
  })

  test('cut anywhere are malformed, and nothing ran', () => {
    const bytes = debit.encodeArguments(['al', 5n])
    for (let length = 0; length < bytes.length; length++) {
      const failure = failureOf(() => debit.decodeArguments(bytes.slice(0, length)))
      expect(failure).toMatchObject({ code: 'malformed', executed: 'never' })
      expect(failure.message).toMatch(/^Bank\.debit: /)
    }
  })
})

describe('a reply', () => {
  test('has the value as field 0', () => {
    const bytes = debit.encodeResult(7n)
    expect(toHex(bytes)).toBe(toHex(bytesOf('0a0000 0000000000000007 00')))
    expect(debit.decodeReply(bytes)).toEqual({ value: 7n })
  })

  test('of a void method is an empty struct, whatever the handler returned', () => {
    expect(toHex(note.encodeResult('ignored'))).toBe('00')
    expect(note.decodeReply(bytesOf('00'))).toEqual({ value: undefined })
    expect(note.decodeReply(bytesOf('080000 00000001 00'))).toEqual({ value: undefined })
  })

  test('has a declared exception as its field, and reads as its class', () => {
    const bytes = debit.encodeException(new InsufficientFunds({ balance: 3n })) ?? expect.fail('not declared')
    expect(toHex(bytes)).toBe(toHex(bytesOf('0c0001 0a0001 0000000000000003 00 00')))
    const reply = debit.decodeReply(bytes)
    const exception = 'exception' in reply ? reply.exception : expect.fail('a value')
    expect(exception).toBeInstanceOf(InsufficientFunds)
    expect(exception).toMatchObject({ balance: 3n })
  })

  test('has no exception that the method does not declare', () => {
    expect(debit.encodeException(new NotFound({ message: 'x', code: 1 }))).toBeUndefined()
    expect(debit.encodeException(new Error('x'))).toBeUndefined()
    expect(debit.encodeException(undefined)).toBeUndefined()
  })

  test('that the handler got wrong is named', () => {
    expect(failureOf(() => debit.encodeResult(7)).message).toMatch(
      /^Bank\.debit: the handler's result: must be a bigint/,
    )
    expect(failureOf(() => debit.encodeResult(undefined)).code).toBe('invalid-argument')
    const wrong = new InsufficientFunds({ balance: 3 as unknown as bigint })
    expect(failureOf(() => debit.encodeException(wrong)).message).toMatch(
      /^Bank\.debit: the handler's exception: InsufficientFunds\.balance must be a bigint/,
    )
  })

  test('with neither a value nor a declared exception is malformed, and the method ran', () => {
    for (const bytes of ['00', '0c0009 00 00', '080000 00000001 00', '0a0000 00', '']) {
      expect(failureOf(() => debit.decodeReply(bytesOf(bytes)))).toMatchObject({ code: 'malformed', executed: 'once' })
    }
  })

  test('of a void method with an exception that only a newer IDL declares is no success', () => {
    const newer = bytesOf('0c0001 0a0001 0000000000000003 00 00')
    expect(failureOf(() => note.decodeReply(newer))).toMatchObject({ code: 'malformed', executed: 'once' })
  })

  test('with both a value and an exception is the exception', () => {
    const field = '0c0001 0a0001 0000000000000003 00'
    const value = '0a0000 0000000000000007'
    for (const bytes of [`${field} ${value} 00`, `${value} ${field} 00`]) {
      expect(debit.decodeReply(bytesOf(bytes))).toHaveProperty('exception')
    }
  })

  test('may be a container, a struct or an enum', () => {
    const history = methodOf(Bank as Service<unknown>, 'history')
    const entries = [{ cents: 1n, kind: Kind.CREDIT, atMs: 5, note: undefined }]
    expect(history.decodeReply(history.encodeResult(entries))).toEqual({ value: entries })
    expect(pay.decodeReply(pay.encodeResult(-5))).toEqual({ value: -5 })
  })
})

test('names that every object has are fine as names of methods and arguments', () => {
  const row = {
    delivery: 'at-most-once',
    arguments: { constructor: [1, i64], valueOf: [2, string] },
    returns: i64,
  } as const
  const method = methodOf({ name: 'Odd', methods: { toString: row } }, 'toString')
  expect(method.decodeArguments(method.encodeArguments([1n, 'a']))).toEqual([1n, 'a'])
})
