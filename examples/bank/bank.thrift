/**
 * Accounts, in cents. What may be repeated freely says so; what may not happen twice says that.
 */

/** The account holds less than was asked for. */
exception InsufficientFunds {
  1: i64 balance,
}

service Bank {
  /** What the account holds. */
  i64 balance(1: string account) (delivery = "at-least-once"),

  /** Takes cents from the account; answers what is left. */
  i64 debit(1: string account, 2: i64 cents)
    throws (1: InsufficientFunds short) (delivery = "exactly-once", key = "account"),

  /** Puts cents into the account, opening it if need be; answers what it holds now. */
  i64 deposit(1: string account, 2: i64 cents) (delivery = "exactly-once", key = "account"),

  /** Writes a line into today's log. */
  void note(1: string line),
}
