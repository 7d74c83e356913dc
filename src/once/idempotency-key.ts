/**
 * What an idempotency key says of itself. Most are words of the application's own; a UUID of version 7 carries the time
 * at which it was made (RFC 9562 section 5.7).
 *
 * Invariant: a key that carries no time is never too old.
 */

const uuid7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i

/** When the key was made, in milliseconds since 1970; Infinity: it does not say. */
export function keyTimeMs(key: string): number {
  const found = uuid7.exec(key)
  return found === null ? Infinity : parseInt(`${found[1]}${found[2]}`, 16)
}

/**
 * Until when the ledger remembers a key written at `dateMs`. One whose maker's clock is ahead is kept for longer, or it
 * would be forgotten while it still looks young; at most twice as long, or its maker could fill the ledger.
 */
export function keyExpiryMs(key: string, dateMs: number, keyRetentionMs: number): number {
  const madeMs = keyTimeMs(key)
  const fromMs = madeMs === Infinity ? dateMs : Math.min(Math.max(dateMs, madeMs), dateMs + keyRetentionMs)
  return fromMs + keyRetentionMs
}
