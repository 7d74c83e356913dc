/**
 * The bank of the kill proof: transfers that may not happen twice, nor half.
 */

service KillBank {
  /**
   * Moves cents. `tag` is different for every transfer that was ever asked for; it stands last, so that a journal that
   * holds it and what follows holds the whole call.
   */
  i64 transfer(1: string from, 2: string to, 3: i64 cents, 4: string tag)
    (delivery = "exactly-once"),
}
