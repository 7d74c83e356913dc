/** What cross.thrift includes: types, constants and a service to inherit from. */
namespace cpp parts
namespace go parts
namespace java interop.parts
namespace py parts

enum Color {
  RED = 1,
  GREEN,
  BLUE = 0x08,
  LAST = 2147483647,
  BELOW = -3,
}

/** Another name for a number. */
typedef i64 Cents

struct Point {
  1: required i32 x,
  2: required i32 y,
}

typedef list<Point> Route

const i64 MOST = 9223372036854775807
const Point CORNER = { 'x': 3, 'y': -4 }
const map<string, string> WORDS = { 'one': 'eins', 'grüße': '😀', '': 'nothing' }

exception Plain {
  1: string text,
}

exception Detailed {
  1: i32 code,
  2: list<string> lines,
  3: Point at,
}

/** A server received something else than the case of this name has. */
exception Mismatch {
  1: string about,
  2: string got,
}

/** Cross inherits this. */
service Base {
  void ping(),
  /** The name of the service that was called. */
  string whoami(),
  /** `how` is plain, detailed, undeclared or none. */
  string fail(1: string how) throws (1: Plain plain, 2: Detailed detailed),
}
