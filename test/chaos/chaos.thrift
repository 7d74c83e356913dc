/** The service of the chaos run. Each execution makes up its answer and leaves it where it was made, under the call's tag. */
exception Short {
  1: i64 balance,
}

service Chaos {
  /** Moves cents. A tag that ends in `!` makes the handler fail after it has moved them. */
  i64 transfer(1: i32 source, 2: i32 target, 3: i64 cents, 4: string tag)
    throws (1: Short short) (delivery = "exactly-once"),
  /** The same; another method, since keys belong to a method. Called by many under one idempotency key, which is its tag. */
  i64 order(1: i32 account, 2: string tag) (delivery = "exactly-once"),
  /** Counts on paper, outside of every transaction. */
  i64 count(1: string tag) (delivery = "at-most-once"),
  /** The same, and may happen several times. */
  i64 put(1: string tag) (delivery = "at-least-once"),
  i64 balance(1: i32 account) (delivery = "at-least-once"),
  /** A machine outside of every database pays. */
  i64 dispense(1: string tag) (delivery = "exactly-once", effect = "external"),
}
