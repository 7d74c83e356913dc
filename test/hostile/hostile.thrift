/**
 * What hostile bytes are thrown at: every type, every container, recursion, and a method under each delivery.
 */

enum Color {
  RED = 1,
  GREEN,
  constructor = 7,
}

struct Nothing {}

/** Recursive, as bombs like it. */
struct Tree {
  1: i32 value,
  2: list<Tree> kids,
  3: optional Tree next,
  4: map<string, Tree> named,
}

union Choice {
  1: i32 number,
  2: string text,
  3: Tree tree,
  4: list<Choice> many,
}

exception Refused {
  1: string message,
  2: i32 code,
  3: optional Choice cause,
}

struct Needed {
  1: required i32 number,
  2: required string text,
}

/** Each field by itself, so that an input can be one of them. */
struct Everything {
  1: optional bool yes,
  2: optional i8 tiny,
  3: optional i16 small,
  4: optional i32 middle,
  5: optional i64 large,
  6: optional i64 safe (js.type = "number"),
  7: optional double real,
  8: optional string text,
  9: optional binary data,
  10: optional uuid name,
  11: optional Color color,
  12: optional list<bool> flags,
  13: optional list<Nothing> nothings,
  14: optional list<i64> larges,
  15: optional list<double> reals,
  16: optional set<string> words,
  17: optional set<Nothing> units,
  18: optional map<i32, string> names,
  19: optional map<Nothing, Choice> odd,
  20: optional map<string, map<bool, list<binary>>> deep,
  21: optional list<list<list<i8>>> cube,
  22: optional Tree tree,
  23: optional Choice choice,
  24: optional Refused refused,
  25: optional Needed needed,
  26: optional map<double, uuid> byReal,
  27: optional map<Color, set<Color>> byColor,
  28: optional map<list<i16>, map<i64, Tree>> byList,
  40: i32 plain = 5,
  1000: optional string far,
  -7: optional i32 negative,
  32766: optional bool last,
}

service Target {
  Everything echo(1: Everything it, 2: i32 number = 3, 3: list<string> words) throws (1: Refused refused)
    (delivery = "at-least-once"),
  /** The bytes that were sent. */
  binary mirror(1: binary it) (delivery = "at-least-once"),
  /** Answers late. */
  i32 wait(1: i32 ms, 2: binary load) (delivery = "at-least-once"),
  i64 count(1: i64 by),
  /** So many bytes. */
  binary grow(1: i32 bytes),
  i64 debit(1: string account, 2: i64 cents) throws (1: Refused refused) (delivery = "exactly-once", key = "account"),
  oneway void tell(1: binary it),
}
