/**
 * The cross-test service: every type, container and kind of struct that Thrift has (but uuid: see uuids.thrift).
 *
 * Each echo method is given the name of a case and its value. A server compares the value with the one that it has
 * under this name itself, answers Mismatch if they differ, and else its own; a client compares what comes back. So both
 * ends check what they read, and no mistake can be taken back by a second one.
 */
include "parts.thrift"

namespace cpp cross
namespace go cross
namespace java interop.cross
namespace py cross

struct Empty {
}

struct Everything {
  1: bool yes,
  2: bool no,
  3: i8 tiny,
  4: i16 small,
  5: i32 medium,
  6: i64 large,
  7: double real,
  8: string text,
  9: binary bytes,
  10: parts.Color color,
  11: parts.Cents cents,
  12: parts.Point point,
  13: list<string> words,
  14: set<i32> numbers,
  15: map<string, parts.Point> named,
  16: parts.Route route,
  17: Empty nothing,
  18: list<bool> flags,
  19: map<i16, list<parts.Color>> colors,
}

struct Needs {
  1: required string must,
  2: i32 usual,
  3: optional i64 maybe,
  4: optional bool perhaps,
  5: optional list<i32> some,
}

struct Defaults {
  1: i32 number = 42,
  2: string text = "as \"usual\"",
  3: bool yes = true,
  4: double real = -2.5e-3,
  5: parts.Color color = parts.Color.BLUE,
  6: list<i32> numbers = [1, 2, 3],
  7: map<string, i64> named = { 'a': 1 },
  8: parts.Point point = { 'x': 1, 'y': 2 },
  9: i64 most = parts.MOST,
}

/** Ids far apart, and not in their order. */
struct Sparse {
  40: i32 far,
  1: i32 first,
  16: i32 middle,
  2: bool second,
  32000: string last,
  17: bool third,
}

/** Recursive through containers. */
struct Tree {
  1: i32 value,
  2: list<Tree> kids,
  3: map<string, Tree> named,
}

/** Recursive by itself. */
struct Chain {
  1: i32 value,
  2: optional Chain& rest,
}

union Either {
  1: string text,
  2: i64 number,
  3: Tree tree,
  4: list<i32> numbers,
  5: parts.Color color,
  6: bool flag,
  7: binary bytes,
  8: map<string, double> reals,
}

/** What is sent in full; Narrow is the same message in the eyes of another version of this file. */
struct Wide {
  1: string title,
  2: i32 count,
  3: double real,
  4: list<parts.Point> points,
  5: map<string, i64> named,
  6: Tree tree,
  7: set<i16> numbers,
  8: binary bytes,
  9: bool flag,
  10: list<map<bool, list<bool>>> flags,
}

/** Knows less, has two fields with another type, and one that Wide has not. */
struct Narrow {
  2: i32 count,
  3: string real,
  9: i64 flag,
  20: optional list<Either> more,
}

service Cross extends parts.Base {
  bool echoBool(1: string name, 2: bool value) throws (1: parts.Mismatch wrong),
  i8 echoI8(1: string name, 2: i8 value) throws (1: parts.Mismatch wrong),
  i16 echoI16(1: string name, 2: i16 value) throws (1: parts.Mismatch wrong),
  i32 echoI32(1: string name, 2: i32 value) throws (1: parts.Mismatch wrong),
  i64 echoI64(1: string name, 2: i64 value) throws (1: parts.Mismatch wrong),
  double echoDouble(1: string name, 2: double value) throws (1: parts.Mismatch wrong),
  string echoString(1: string name, 2: string value) throws (1: parts.Mismatch wrong),
  binary echoBinary(1: string name, 2: binary value) throws (1: parts.Mismatch wrong),
  parts.Color echoColor(1: string name, 2: parts.Color value) throws (1: parts.Mismatch wrong),
  parts.Cents echoCents(1: string name, 2: parts.Cents value) throws (1: parts.Mismatch wrong),

  list<bool> echoBools(1: string name, 2: list<bool> value) throws (1: parts.Mismatch wrong),
  list<i8> echoI8s(1: string name, 2: list<i8> value) throws (1: parts.Mismatch wrong),
  list<i32> echoI32s(1: string name, 2: list<i32> value) throws (1: parts.Mismatch wrong),
  list<i64> echoI64s(1: string name, 2: list<i64> value) throws (1: parts.Mismatch wrong),
  list<double> echoDoubles(1: string name, 2: list<double> value) throws (1: parts.Mismatch wrong),
  list<string> echoStrings(1: string name, 2: list<string> value) throws (1: parts.Mismatch wrong),
  list<binary> echoBinaries(1: string name, 2: list<binary> value) throws (1: parts.Mismatch wrong),
  list<parts.Color> echoColors(1: string name, 2: list<parts.Color> value) throws (1: parts.Mismatch wrong),
  parts.Route echoRoute(1: string name, 2: parts.Route value) throws (1: parts.Mismatch wrong),
  list<list<list<i32>>> echoCube(1: string name, 2: list<list<list<i32>>> value) throws (1: parts.Mismatch wrong),

  set<bool> echoBoolSet(1: string name, 2: set<bool> value) throws (1: parts.Mismatch wrong),
  set<i64> echoI64Set(1: string name, 2: set<i64> value) throws (1: parts.Mismatch wrong),
  set<string> echoStringSet(1: string name, 2: set<string> value) throws (1: parts.Mismatch wrong),
  set<binary> echoBinarySet(1: string name, 2: set<binary> value) throws (1: parts.Mismatch wrong),
  set<parts.Point> echoPointSet(1: string name, 2: set<parts.Point> value) throws (1: parts.Mismatch wrong),
  set<list<i32>> echoListSet(1: string name, 2: set<list<i32>> value) throws (1: parts.Mismatch wrong),

  map<string, string> echoStringMap(1: string name, 2: map<string, string> value) throws (1: parts.Mismatch wrong),
  map<i8, i16> echoI8Map(1: string name, 2: map<i8, i16> value) throws (1: parts.Mismatch wrong),
  map<i64, i64> echoI64Map(1: string name, 2: map<i64, i64> value) throws (1: parts.Mismatch wrong),
  map<bool, bool> echoBoolMap(1: string name, 2: map<bool, bool> value) throws (1: parts.Mismatch wrong),
  map<double, string> echoDoubleMap(1: string name, 2: map<double, string> value) throws (1: parts.Mismatch wrong),
  map<binary, string> echoBinaryMap(1: string name, 2: map<binary, string> value) throws (1: parts.Mismatch wrong),
  map<parts.Color, i32> echoColorMap(1: string name, 2: map<parts.Color, i32> value) throws (1: parts.Mismatch wrong),
  map<parts.Point, string> echoPointMap(1: string name, 2: map<parts.Point, string> value) throws (1: parts.Mismatch wrong),
  map<string, list<map<i32, parts.Point>>> echoListMap(1: string name, 2: map<string, list<map<i32, parts.Point>>> value)
    throws (1: parts.Mismatch wrong),
  map<i32, map<string, list<set<i64>>>> echoNested(1: string name, 2: map<i32, map<string, list<set<i64>>>> value)
    throws (1: parts.Mismatch wrong),

  Empty echoEmpty(1: string name, 2: Empty value) throws (1: parts.Mismatch wrong),
  Everything echoEverything(1: string name, 2: Everything value) throws (1: parts.Mismatch wrong),
  Needs echoNeeds(1: string name, 2: Needs value) throws (1: parts.Mismatch wrong),
  Defaults echoDefaults(1: string name, 2: Defaults value) throws (1: parts.Mismatch wrong),
  Sparse echoSparse(1: string name, 2: Sparse value) throws (1: parts.Mismatch wrong),
  Tree echoTree(1: string name, 2: Tree value) throws (1: parts.Mismatch wrong),
  Chain echoChain(1: string name, 2: Chain value) throws (1: parts.Mismatch wrong),
  Either echoEither(1: string name, 2: Either value) throws (1: parts.Mismatch wrong),
  list<Either> echoEithers(1: string name, 2: list<Either> value) throws (1: parts.Mismatch wrong),

  /** Always answers the value of the case "evolve wide". */
  Wide evolve(1: string name, 2: Wide value) throws (1: parts.Mismatch wrong),
  /** Answers a Point of the first two numbers, once the rest is as it should be: true, "many", RED, [7]. */
  parts.Point many(1: i32 x, 3: i16 y, 2: bool yes, 9: string text, 4: parts.Color color, 30: list<i8> bytes)
    throws (1: parts.Mismatch wrong),

  oneway void note(1: string name),
  /** How many notes of this name have come. */
  i32 noted(1: string name),
}

/** What another version of this file calls Cross; no server has `nowhere`. */
service Older {
  Narrow evolve(1: string name, 2: Narrow value, 3: map<string, list<Tree>> extra),
  string nowhere(1: string name),
}

/** Beside Cross where services are multiplexed. */
service Second {
  string whoami(),
}
