/**
 * A store of keys and values that copes with copies of calls, its own and the network's.
 */

/** What stands under a key; without a value: nothing. */
struct Found {
  1: optional string value,
}

service KeyValue {
  /** What stands under the key. It changes nothing, so it may run as often as it likes. */
  Found get(1: string key) (delivery = "at-least-once"),

  /** Puts the value under the key. */
  void put(1: string key, 2: string value) (delivery = "exactly-once", key = "key"),

  /** Adds to the end of what stands there; answers what stands there now. */
  string append(1: string key, 2: string value) (delivery = "exactly-once", key = "key"),

  /** "Set x to 8 if x is 7": answers whether it was 7, and is 8 now. */
  bool compareAndSet(1: string key, 2: string expected, 3: string value)
    (delivery = "exactly-once", key = "key"),

  /** Takes the key out; answers whether it was there. (In Thrift, `delete` is a reserved word.) */
  bool remove(1: string key) (delivery = "exactly-once", key = "key"),
}
