/**
 * What several services share; after the file of the Apache Thrift tutorial.
 */

struct SharedStruct {
  1: i32 key,
  2: string value,
}

service SharedService {
  /** What was logged under the key. */
  SharedStruct getStruct(1: i32 key) (delivery = "at-least-once"),
}
