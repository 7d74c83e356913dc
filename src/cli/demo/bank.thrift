/**
 * The demo's bank: one debit under each of the three deliveries, so that they can be seen side by side.
 */

/** The account holds less than was asked for. */
exception InsufficientFunds {
  1: i64 balance,
}

service DemoBank {
  i64 debitAtLeastOnce(1: string account, 2: i64 cents)
    throws (1: InsufficientFunds short) (delivery = "at-least-once"),

  i64 debitAtMostOnce(1: string account, 2: i64 cents)
    throws (1: InsufficientFunds short) (delivery = "at-most-once"),

  i64 debitExactlyOnce(1: string account, 2: i64 cents)
    throws (1: InsufficientFunds short) (delivery = "exactly-once", key = "account"),
}
