include "shared.thrift"

const i32 MAX = 9853
const i64 BIG = 9853
const map<string, string> NAMES = { 'hello': 'world' }
const shared.SharedStruct ORIGIN = { 'key': 1, 'value': 'x' }

typedef i64 Cents
typedef map<string, list<i32>> Buckets
typedef shared.SharedStruct Pair

enum Color { RED, GREEN = 2, BIG = 2147483647, NEG = -5 }

/** Exactly one of these. */
union Payment {
  1: string card
  2: Cents cash
  3: Tree tree
}

/** Recursive, and every container. */
struct Tree {
  1: uuid id
  2: list<Tree> kids
  3: map<string, Tree> named
  4: set<string> tags
  5: binary data
  6: optional Tree next
  7: optional Color color
  8: optional Buckets buckets
}

/** Its `message` is the Error's own. */
exception NotFound {
  1: string message
  2: i32 code
}

/** Everything at once. */
service Kitchen extends shared.SharedService {
  /** Fire and forget. */
  oneway void zip()
  list<Tree> find(1: uuid id, 2: map<string, list<string>> where) (delivery = "at-least-once")
  Color pay(1: Payment how) throws (1: NotFound missing) (delivery = "exactly-once")
  /** An argument called options. */
  binary tune(1: shared.SharedStruct options)
}
