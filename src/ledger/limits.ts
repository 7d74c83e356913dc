/**
 * The limits of a ledger, with their defaults (protocol sections 3 and 4).
 *
 * Invariant: what clients may make a ledger hold is bounded by these.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { LedgerLimits } from '../once/ledger.ts'

/** What every ledger may be told. */
export interface LedgerOptions {
  /** Unacknowledged calls of one session; 1,024 if absent. */
  readonly window?: number | undefined
  /** Records of one principal, over all its sessions; 100,000 if absent. */
  readonly recordsMax?: number | undefined
  /** Bytes of their outcomes; 64 MiB if absent. */
  readonly recordBytesMax?: number | undefined
  /** How long an idempotency key is remembered, in milliseconds; 24 hours if absent. */
  readonly keyRetentionMs?: number | undefined
}

/** @throws {OncewireError} invalid-argument for a limit that is no positive whole number */
export function defaultLimits(options: LedgerOptions): LedgerLimits {
  const limits = {
    window: options.window ?? 1024,
    recordsMax: options.recordsMax ?? 100_000,
    recordBytesMax: options.recordBytesMax ?? 64 << 20,
    keyRetentionMs: options.keyRetentionMs ?? 24 * 3_600_000,
  }
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue
    const message = `${name} of the ledger must be a whole number from 1, not ${String(value)}`
    throw new OncewireError('invalid-argument', 'never', message)
  }
  return limits
}
