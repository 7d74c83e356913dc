/**
 * Cash machines: an effect that no database can take back.
 */

/** The notes are where they were. */
exception PaperJam {
  1: string atm,
}

service Atm {
  /** Pays out notes; answers how many cents lie in the tray. */
  i64 dispense(1: string atm, 2: i64 cents)
    throws (1: PaperJam jam) (delivery = "exactly-once", effect = "external", key = "atm"),
}
