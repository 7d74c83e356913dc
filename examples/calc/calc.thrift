/**
 * The service of the Apache Thrift tutorial, which is also the lecture's.
 */
include "shared.thrift"

enum Operation {
  ADD = 1,
  SUBTRACT = 2,
  MULTIPLY = 3,
  DIVIDE = 4,
}

struct Work {
  1: i32 num1 = 0,
  2: i32 num2,
  3: Operation op,
  4: optional string comment,
}

exception InvalidOperation {
  1: i32 whatOp,
  2: string why,
}

service Calculator extends shared.SharedService {
  /** Answers when the server is there. */
  void ping() (delivery = "at-least-once"),

  i32 add(1: i32 num1, 2: i32 num2) (delivery = "at-least-once"),

  /** Does the work, and logs it under the number. */
  i32 calculate(1: i32 logid, 2: Work w) throws (1: InvalidOperation ouch),

  /** Sent and forgotten: no answer, no promise that it arrived. */
  oneway void zip(),
}
