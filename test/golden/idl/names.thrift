/**
 * Names that mean something else to TypeScript, to JavaScript, or to generated code.
 */
include "shared.thrift"

typedef i32 Map
typedef set<Map> Set
typedef list<list<Map>> Grid
typedef Weather Sky
typedef i64 Instant (js.type = "number")

enum Weather { SUN = 1, RAIN = 2, hyphen = 3 }
enum Nothing {}

struct Promise { 1: i32 r, 2: i32 w, 3: i32 value, 4: i32 field, 5: i32 outer, 6: i32 left, 7: i32 item, 8: i32 key }
struct string_ { 1: string shared, 2: shared.SharedStruct other, 3: string struct, 4: i64 missing }
struct Reader {}
struct Words {
  1: string class
  2: string default
  3: i32 constructor
  4: string __proto__
  5: bool function
  -3: i32 negative
  7: i32 undefined
}
struct Defaults {
  1: i8 a = -5
  2: i16 b = 0x7F
  3: i64 c = 9007199254740993
  4: double d = 1e400
  5: string e = "it's \"quoted\"\n"
  6: binary f = "bytes"
  7: bool g = true
  8: Weather h = Weather.RAIN
  9: list<i64> i = [1, 2]
  10: set<string> j = ["a"]
  11: map<Weather, list<i32>> k = { Weather.SUN: [1] }
  12: optional i32 l = 7
  13: required i32 m = 8
  14: shared.SharedStruct n = { 'key': 5 }
  15: i64 o = 5 (js.type = "number")
  16: Instant p
  17: uuid q = "{00112233-4455-6677-8899-AABBCCDDEEFF}"
  18: list<map<i64, set<list<string>>>> r2
  19: map<list<i32>, map<string, binary>> s2
  20: optional list<Weather> t2
  21: Nothing u2
  22: Sky v2
  23: Grid w2
}
union Choice { 1: i32 unknown, 2: list<string> list, 3: map<string, Promise> map, 4: Oops oops }
union Void {}
exception Oops {
  1: i32 name
  2: string stack
  3: i32 message
  4: string class = "none"
  5: optional Choice cause
}
exception Silent {}
exception Polite { 1: optional string message }
const Defaults ALL = { 'a': 1, 'n': { 'key': 2 } }
const Oops BROKEN = { 'name': 3 }
const Choice CHOSEN = { 'list': ['x'] }
union Preset { 1: string a, 2: i32 b = 5 }
const Preset PRESET = {}
const map<Promise, i32> ODD = { { 'r': 1 }: 2 }
const double TINY = 1.5E-3
const Weather TODAY = 1
const binary RAW = "é"
const bool YES = 1
const set<i64> NUMBERS = [1, -2]

service Error { void fail() throws (1: Oops oops, 2: Silent silent) }
service Odd extends Error {
  string then(1: string return, 2: i32 options, 3: i32 __proto__, 4: Choice arguments = { 'unknown': 1 })
  i64 (js.type = "number") constructor(1: Instant at, 2: i64 big, 3: i64 small (js.type = "number"))
  oneway void quiet(1: Promise promise)
  list<Sky> delete(1: Set set, 2: Grid grid) throws (1: Polite polite)
  i32 aVeryLongMethodNameIndeed(1: map<string, list<shared.SharedStruct>> firstArgument, 2: map<string, list<shared.SharedStruct>> secondArgument)
}
service Inherited { void toString(1: i32 constructor, 2: string valueOf) throws (1: Silent constructor) }
