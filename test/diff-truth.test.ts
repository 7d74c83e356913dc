/**
 * Goal: what `diff` calls safe for bytes is: what one version of an IDL wrote, the other reads, and sees the same.
 * Method: pairs of random versions of a struct, and of a method; random values written by the one and read by the other, in
 * every codec. Where something is misread, a rule must have said so. How often none had to is counted too.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Definitions } from '../src/dynamic/definitions.ts'
import { diff } from '../src/idl/diff.ts'
import { rules } from '../src/idl/diff-rules.ts'
import type { Definition, Function, Program } from '../src/idl/program.ts'
import { compileService } from '../src/rpc/compile.ts'
import type { CompiledMethod } from '../src/rpc/service.ts'
import type { Encoding } from '../src/wire/shape.ts'
import { decodeWith, encodeWith } from '../src/wire/struct.ts'
import { programOf, valuesOf } from './support/random-idl.ts'

const defaults: Readonly<Record<string, string>> = { i32: ' = 7', string: ' = "x"', E: ' = E.Q' }

/** The fields of a struct, mostly alike from one version to the next. */
function fieldsOf(types: readonly string[]): fc.Arbitrary<string> {
  const field = fc.record({
    id: fc.constantFrom(1, 2, 3),
    type: fc.constantFrom(...types),
    word: fc.constantFrom('', 'optional', 'required'),
    hasDefault: fc.boolean(),
    isOther: fc.boolean(),
  })
  return fc.uniqueArray(field, { maxLength: 3, selector: ({ id }) => id }).map((fields) =>
    fields
      .map(({ id, type, word, hasDefault, isOther }) => {
        const value = hasDefault ? (defaults[type] ?? '') : ''
        return `${id}: ${word} ${type} ${isOther ? 'other' : 'f'}${id}${value}`
      })
      .join(', '),
  )
}

const version = fc
  .record({
    inner: fieldsOf(['i32', 'i64', 'bool']),
    outer: fieldsOf(['i32', 'E', 'string', 'binary', 'list<Inner>', 'Inner']),
  })
  .map(({ inner, outer }) => ({
    'main.thrift': `enum E { P, Q } struct Inner { ${inner} } struct Outer { ${outer} }`,
  }))

const call = fc
  .record({
    args: fieldsOf(['i32', 'i32', 'E', 'Inner']),
    returns: fc.constantFrom('void', 'i32', 'Inner'),
    inner: fieldsOf(['i32']),
  })
  .map(({ args, returns, inner }) => ({
    'main.thrift': `enum E { P, Q } struct Inner { ${inner} } service S { ${returns} f(${args}) }`,
  }))

type Version = Readonly<Record<'main.thrift', string>>

function named<T extends Definition['kind']>(program: Program, kind: T): Extract<Definition, { kind: T }> {
  return program.definitions.findLast((definition) => definition.kind === kind) as Extract<Definition, { kind: T }>
}

/** Whether a value is seen as the same by who knows other fields, and takes an enum or bytes for what they are made of. */
function isSeen(written: unknown, read: unknown): boolean {
  if (written === undefined) return true
  if (written instanceof Uint8Array || read instanceof Uint8Array) return bytes(written) === bytes(read)
  if (Array.isArray(written))
    return Array.isArray(read) && written.length === read.length && written.every((item, i) => isSeen(item, read[i]))
  if (typeof written !== 'object' || written === null) return text(written) === text(read)
  const other = read as Readonly<Record<string, unknown>>
  return Object.entries(written).every(([name, value]) => !(name in other) || isSeen(value, other[name]))
}

/** Of an i64 and of a number alike. */
const text = (value: unknown): string => String(value as string | number | bigint | boolean)
const bytes = (value: unknown): string =>
  Buffer.from(value instanceof Uint8Array ? value : String(value)).toString('hex')

/** Whether a rule says that what the old version writes in this codec is misread by the new one. */
function isTold(old: Program, now: Program): (form: Encoding) => boolean {
  const found = diff(new Map([['main', old]]), new Map([['main', now]])).map(({ rule }) => rules[rule])
  const isWire = found.some(({ breaks, flow }) => breaks.includes('wire') && flow !== 'new-to-old')
  const isJson = found.some(({ breaks }) => breaks.includes('json'))
  return (form) => isWire || (isJson && (form === 'json' || form === 'plain-json'))
}

/** Runs `reading` for many pairs of versions in each codec: it answers whether all was seen. */
function judge(
  versions: fc.Arbitrary<Version>,
  reading: (old: Program, now: Program, how: { readonly form: Encoding; readonly seed: number }) => boolean,
): void {
  const counts = { safe: 0, misread: 0 }
  fc.assert(
    fc.property(versions, versions, fc.nat(), (old, now, seed) => {
      const [before, after] = [programOf(old), programOf(now)]
      const told = isTold(before, after)
      for (const form of ['binary', 'compact', 'json', 'plain-json'] satisfies Encoding[]) {
        let isRead: boolean
        try {
          isRead = reading(before, after, { form, seed })
        } catch {
          isRead = false
        }
        if (!isRead) counts.misread++
        if (!told(form)) counts.safe++
        expect(isRead || told(form), `${form}\n${old['main.thrift']}\n${now['main.thrift']}`).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
  expect(counts.safe).toBeGreaterThan(20)
  expect(counts.misread).toBeGreaterThan(20)
}

test('a struct that one version writes the other reads, unless a rule says that it does not', () => {
  judge(version, (old, now, { form, seed }) => {
    const [definition, other] = [named(old, 'struct'), named(now, 'struct')]
    const [write, read] = [new Definitions().struct(definition), new Definitions().struct(other)]
    const type = { kind: 'named', definition, annotations: new Map() } as const
    return fc.sample(valuesOf(type), { numRuns: 3, seed }).every((value) => {
      const data = encodeWith(form, (w) => write.write(w, value))
      return isSeen(
        value,
        decodeWith(form, data, (r) => read.read(r)),
      )
    })
  })
})

test('so it is with the arguments and the result of a method', () => {
  judge(call, (old, now, { form, seed }) => {
    const [fn, other] = [named(old, 'service').functions[0], named(now, 'service').functions[0]] as [Function, Function]
    const [theirs, ours] = [old, now].map((program) => {
      const service = new Definitions().service(named(program, 'service'))
      return compileService(service).get('f') as CompiledMethod
    }) as [CompiledMethod, CompiledMethod]
    const args = fn.arguments.map(({ type }) => valuesOf(type, 2))
    return fc.sample(fc.tuple(...args), { numRuns: 3, seed }).every((values) => {
      const read = ours.decodeArguments(theirs.encodeArguments(values, { codec: form }), form)
      const byName = (of: Function, list: readonly unknown[]): object =>
        Object.fromEntries(of.arguments.map(({ name }, i) => [name, list[i]]))
      if (!isSeen(byName(fn, values), byName(other, read))) return false
      if (fn.returns === undefined || form === 'plain-json') return other.returns === undefined || form === 'plain-json'
      const [result] = fc.sample(valuesOf(fn.returns, 2), { numRuns: 1, seed })
      const reply = ours.decodeReply(theirs.encodeResult(result, form), form)
      return other.returns === undefined || ('value' in reply && isSeen(result, reply.value))
    })
  })
})
