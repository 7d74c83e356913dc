/**
 * IDL texts that generated code must bear: things are called what TypeScript, JavaScript and generated code call things of
 * their own; and types and values that nest as deep as is accepted.
 */
import fc from 'fast-check'
import { loadText, type Probe } from './probes.ts'

const words = (
  'abstract any arguments as asserts async await bigint boolean break case catch class const constructor continue ' +
  'debugger declare default delete do else enum eval export extends finally for from function get global globalThis if ' +
  'implements import in infer instanceof interface intrinsic is keyof let module namespace never new null number object ' +
  'of out override package private protected public readonly require return satisfies set static string super switch ' +
  'symbol this throw try type typeof undefined unique unknown using var while with yield NaN Infinity ' +
  'Map Set Uint8Array ReadonlyMap ReadonlySet Promise Record Object Array Error Function String Number Boolean Symbol ' +
  'BigInt Readonly Partial Pick Omit Date RegExp JSON Math Proxy Reflect Iterator ' +
  '__proto__ __proto___ prototype hasOwnProperty isPrototypeOf toString toLocaleString valueOf then then_ name name_ ' +
  'message message_ stack cause length caller read write encode decode create kind value value_ id defaults methods base ' +
  'CallOptions Fields Idl Reader Service Struct UnknownField Unrecognized Uuid Writer DeclaredException missing missing_ ' +
  'struct binary bool double i8 i16 i32 i64 safeI64 uuid EnumNames ExceptionClass Scalar Shape StructDefinition Type ' +
  'Delivery Method r w outer field fields left left2 item key items options self _ __ a1 A A_ client call method ' +
  'wireName returns throws delivery oneway exports process'
).split(' ')

/** A text with a word in one kind of place, and around it what generated code says of such a thing. */
const places: readonly ((word: string) => string)[] = [
  (n) => `struct ${n} { 1: i32 a 2: optional list<${n}> b 3: map<string, set<binary>> c 4: uuid u 5: required i32 q
      6: i64 s (js.type = "number") }
    struct Holder { 1: ${n} x 2: list<${n}> y 3: set<string> z = ["a"] }`,
  (n) => `enum E { A } struct S { 1: i32 ${n} } struct T { 1: list<map<string, i32>> ${n} 2: required E e 3: S s }
    union U { 1: i32 ${n} 2: list<string> other } exception X { 1: i32 ${n} 2: list<i32> more }
    struct D { 1: i32 ${n} = 5 2: list<i32> l = [1] } const S C = {"${n}": 1} const U CU = {"${n}": 1} const X CX = {"${n}": 1}`,
  (n) => `struct S { 1: i32 ${n} 2: i32 ${n}_ 3: list<i32> ${n}__ } union U { 1: i32 ${n} 2: i32 ${n}_ }
    exception X { 1: i32 ${n} 2: i32 ${n}_ 3: string ${n}__ } service V { void ${n}() void ${n}_(1: i32 ${n} 2: i32 ${n}_) }`,
  (n) => `exception X { 1: string ${n} } exception Y { 1: optional string ${n} } exception Z { 1: string ${n} = "d" }
    exception W { 1: required binary ${n} } service V { void f() throws (1: X ${n}) }`,
  (n) => `union ${n} { 1: i32 a 2: list<${n}> b 3: E e } enum E { A = 5 } struct H { 1: ${n} x }`,
  (n) => `exception ${n} { 1: i32 a 2: string message } exception Empty {}
    service Sv { void f() throws (1: ${n} e, 2: Empty g) }`,
  (n) => `exception ${n} {} struct S {} union U {} enum E {} const ${n} K = {}`,
  (
    n,
  ) => `enum ${n} { A, B } struct S { 1: ${n} x 2: list<${n}> y = [${n}.A] 3: map<${n}, ${n}> z } const ${n} C = ${n}.B
    const i32 D = ${n}.B service V { ${n} f(1: ${n} a = ${n}.B) }`,
  (n) => `enum E { ${n} = 3, other } struct S { 1: E x = E.${n} 2: E z } const E C = E.${n}
    const map<E, i32> M = {E.${n}: 1} const i32 N = E.${n}`,
  (n) => `typedef i32 ${n} typedef list<${n}> L typedef map<${n}, L> M struct S { 1: ${n} a = 1 2: L l = [1] 3: M m }`,
  (n) => `struct S { 1: i32 a } typedef S ${n} struct T { 1: ${n} a 2: list<${n}> b } service V { ${n} f(1: ${n} a) }`,
  (n) => `const i32 ${n} = 1 const list<i32> L2 = [${n}] const set<string> S3 = ["a"] const double D = 1e999
    const map<string, binary> M3 = {"a": "b"} struct SS { 1: i32 a = ${n} }`,
  (
    n,
  ) => `struct P {} exception X {} service ${n} { P f(1: P a, 2: i32 b = 5, 3: set<P> s) throws (1: X x) oneway void g()
    list<i32> h() } service Child extends ${n} { void i() }`,
  (
    n,
  ) => `service V { i32 ${n}(1: i32 a) } service W { oneway void ${n}() } service Y extends V { void other(1: string ${n}) }
    service Z { map<string, i32> ${n}(1: list<i32> ${n}) (key = "${n}") }`,
  (n) =>
    `enum E { A } struct ${n} { 1: i32 ${n} } union U { 1: ${n} ${n} } service V { ${n} ${n}(1: ${n} ${n}, 2: E e) }`,
  (n) => `struct ${n} { 1: i32 a } const i32 ${n} = 1 struct ${n}_ { 1: ${n} a = {"a": ${n}} }`,
]

/** An included file with the word as its name. */
function included(word: string): Probe {
  const text = `include "${word}.thrift"
    struct Zed { 1: ${word}.X x 2: list<${word}.E> e = [${word}.E.A] 3: i32 ${word} 4: map<string, ${word}.T> t 5: set<i32> s }
    const i32 C = ${word}.C typedef ${word}.X TX typedef ${word}.E TE typedef ${word}.T TT
    service S extends ${word}.V { ${word}.X g(1: ${word}.X ${word}) throws (1: ${word}.Q q) }`
  const other =
    'struct X { 1: i32 a } enum E { A } typedef list<X> T const i32 C = 1 service V { void v() } exception Q {}'
  return probeOf(`included ${word}`, text, new Map([[`${word}.thrift`, other]]))
}

function probeOf(title: string, text: string, files: ReadonlyMap<string, string> = new Map()): Probe {
  return { title, text, files, expected: [] }
}

/** Keywords of Thrift name fewer things than other words. */
export const namedProbes: fc.Arbitrary<Probe> = fc
  .tuple(fc.constantFrom(...words), fc.integer({ min: 0, max: places.length }))
  .map(([word, n]) => {
    const place = places[n]
    return place === undefined ? included(word) : probeOf(`${word} at ${n}`, place(word))
  })
  .filter(({ text, files }) => loadText(text, files).program !== undefined)

const deep = 247
const type = `${'list<'.repeat(deep)}i32${'>'.repeat(deep)}`
const value = `${'['.repeat(deep)}1${']'.repeat(deep)}`

export const deepProbes: readonly Probe[] = [
  `struct A { 1: ${type} a = ${value} }`,
  `struct S0 {}\n${Array.from({ length: 100 }, (_, i) => `struct S${i + 1} { 1: S${i} a = {} }`).join('\n')}`,
].map((text, n) => probeOf(`deep ${n}`, text))
