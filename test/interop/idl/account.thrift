/** Exactly-once for clients that have none of our code. */
namespace go account
namespace py account

service Account {
  /** Answers the sum. */
  i64 deposit(1: string name, 2: i64 cents) (delivery = "exactly-once", key = "name"),
  /** Deposits when it is released. */
  i64 held(1: string name, 2: i64 cents) (delivery = "exactly-once", effect = "external"),
  bool isHeld(1: string name) (delivery = "at-least-once"),
  void release(1: string name),
  i64 total(1: string name) (delivery = "at-least-once"),
}

/**
 * Account as the peers' copy of its IDL has it: the field that stock libraries skip, declared, so that they send it too.
 * The service is called Account on the wire: no message says the name of a service.
 */
service KeyedAccount {
  i64 deposit(1: string name, 2: i64 cents, 32767: string idempotencyKey),
  i64 held(1: string name, 2: i64 cents, 32767: string idempotencyKey),
}
