/**
 * The same two methods three times, once for each delivery: what a late copy of a put does under each.
 */
include "kv.thrift"

service AtLeastOnce {
  kv.Found get(1: string key) (delivery = "at-least-once"),
  void put(1: string key, 2: string value) (delivery = "at-least-once"),
}

service AtMostOnce {
  kv.Found get(1: string key) (delivery = "at-least-once"),
  void put(1: string key, 2: string value) (delivery = "at-most-once"),
}

service ExactlyOnce {
  kv.Found get(1: string key) (delivery = "at-least-once"),
  void put(1: string key, 2: string value) (delivery = "exactly-once"),
}
