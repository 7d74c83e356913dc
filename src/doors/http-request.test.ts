/**
 * Goal: what a head says is read as its RFC has it, or refused. Method: properties over keys; examples of each header.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HttpRefused } from './http-answer.ts'
import { checkOrigin, keyIn, kindOf, leftMsIn, pathOf, tokenIn } from './http-request.ts'

const statusOf = (run: () => unknown): number => {
  try {
    run()
    return 200
  } catch (error) {
    if (error instanceof HttpRefused) return error.answer.status
    throw error
  }
}
const key = (value: string): string | undefined => keyIn({ 'idempotency-key': value })

describe('an idempotency key is a string of a structured field (RFC 8941)', () => {
  const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })

  test('any printable ASCII in quotes comes back, with its escapes undone', () => {
    fc.assert(
      fc.property(printable, (text) => {
        expect(key(`"${text.replace(/["\\]/g, '\\$&')}"`)).toBe(text)
      }),
    )
  })

  test('text that is not in quotes, or has a quote of its own, is refused', () => {
    fc.assert(
      fc.property(printable, (text) => {
        const bare = text.replace(/["\\]/g, '')
        expect(statusOf(() => key(bare))).toBe(400)
        expect(statusOf(() => key(`"${bare}"x"`))).toBe(400)
      }),
    )
  })

  test.each([
    ['"a";v=1', 'a'],
    [' "a" ; x ; y="b;c"; z=?1 ', 'a'],
    ['"a";t=tok/en:x;b=:YQ==:;d=-1.5', 'a'],
    ['""', ''],
  ])('%s, with parameters that mean nothing', (value, meant) => {
    expect(key(value)).toBe(meant)
  })

  test.each(['"a', 'a"', '"a\\b"', '"a"; =1', '"a";V=1', '"a", "b"', '"\t"', '"é"', '', '?1', '42', ':YQ==:'])(
    '%s is refused',
    (value) => {
      expect(statusOf(() => key(value))).toBe(400)
    },
  )

  test('there may be none', () => expect(keyIn({})).toBeUndefined())

  test('a long one that is none takes no longer than its length', () => {
    expect(statusOf(() => key(`"${'\\"'.repeat(8000)}`))).toBe(400)
    expect(statusOf(() => key(`"a"${';a=1'.repeat(4000)}!`))).toBe(400)
    expect(statusOf(() => key(`"a"${' '.repeat(8000)}!`))).toBe(400)
  })
})

test('the path, in parts', () => {
  expect(pathOf('/Bank/debit')).toEqual(['Bank', 'debit'])
  expect(pathOf('/Bank/debit?x=/y/')).toEqual(['Bank', 'debit'])
  expect(pathOf('https://bank.example/Bank/debit')).toEqual(['Bank', 'debit'])
  expect(pathOf('/a%2Fb/%C3%A4')).toEqual(['a/b', 'ä'])
  expect(pathOf('/')).toEqual([''])
  expect(pathOf('*')).toEqual(['*'])
  for (const bad of ['/%', '/%zz', '/%C3']) expect(statusOf(() => pathOf(bad))).toBe(400)
})

test('the deadline', () => {
  expect(leftMsIn({})).toBe(Infinity)
  expect(leftMsIn({ 'oncewire-deadline-ms': '1500' })).toBe(1500)
  for (const bad of ['', '0', '-1', '1.5', '1s', '1234567890'])
    expect(statusOf(() => leftMsIn({ 'oncewire-deadline-ms': bad }))).toBe(400)
})

test('the token', () => {
  expect(tokenIn({ authorization: 'bearer abc' })).toBe('abc')
  expect(tokenIn({ authorization: 'Basic abc' })).toBe('')
  expect(tokenIn({})).toBe('')
})

describe('what a body is', () => {
  const of = (type: string | undefined, body: string | Uint8Array): string =>
    kindOf(type === undefined ? {} : { 'content-type': type }, new Uint8Array(Buffer.from(body as string)))

  test.each([
    [undefined, '{}', 'json'],
    ['application/json', '{}', 'json'],
    ['application/x-www-form-urlencoded', '{}', 'json'],
    ['application/json', '[1]', 'json'],
    ['application/json', '["a",1]', 'json'],
    ['text/plain', '[1,"ping",1,0,{}]', 'thrift'],
    [undefined, Uint8Array.of(0x80, 1, 0, 1), 'thrift'],
    [undefined, Uint8Array.of(0x82, 0x21), 'thrift'],
    ['application/x-thrift', '{}', 'thrift'],
    ['application/vnd.apache.thrift.json; charset=utf-8', '[1', 'thrift'],
  ])('%s, %o: %s', (type, body, kind) => {
    expect(of(type, body)).toBe(kind)
  })

  test.each(['image/png', 'multipart/form-data; boundary=x', 'text/html', 'application/json; charset=latin1'])(
    '%s is neither',
    (type) => expect(statusOf(() => of(type, '{}'))).toBe(415),
  )
})

describe('the origin', () => {
  const check = (origin: string | undefined, host: string, localAddress = '127.0.0.1'): number =>
    statusOf(() =>
      checkOrigin({ headers: { ...(origin === undefined ? {} : { origin }), host }, socket: { localAddress } }, []),
    )

  test.each([
    [undefined, 'anything', '127.0.0.1', 200],
    ['http://localhost:80', 'localhost:80', '127.0.0.1', 200],
    ['http://a.localhost:80', 'a.localhost:80', '::1', 200],
    ['http://[::1]:80', '[::1]:80', '::1', 200],
    ['https://bank.example', 'bank.example', '10.0.0.5', 200],
    ['http://evil.example', 'bank.example', '10.0.0.5', 403],
    ['http://evil.example', 'evil.example', '127.0.0.1', 403],
    ['http://127.0.0.1.evil.example', '127.0.0.1.evil.example', '127.0.0.1', 403],
    ['http://evil.example', 'evil.example', '::ffff:127.0.0.1', 403],
    ['null', 'localhost', '127.0.0.1', 403],
    ['', '', '127.0.0.1', 403],
  ])('%s for %s at %s: %d', (origin, host, address, status) => {
    expect(check(origin, host, address)).toBe(status)
  })
})
