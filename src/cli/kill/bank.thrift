/**
 * The bank of the kill proof: transfers that may not happen twice, nor half.
 */

service KillBank {
  /** Moves cents; `tag` is different for every transfer that was ever asked for. */
  i64 transfer(1: string tag, 2: string from, 3: string to, 4: i64 cents) (delivery = "exactly-once"),
}
