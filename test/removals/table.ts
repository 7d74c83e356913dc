/**
 * Every rule of the protocol that is marked in the code. A rule that is added, renamed or lost changes this list.
 */

/** `FILE SECTION (name)`, by file. */
export const marked: readonly string[] = `
driver/executor.ts 2.5 (deadline-in-turn)
driver/external-calls.ts 2 (seen-evidence)
driver/external-handler.ts 2 (error-says-nothing)
driver/turn-queue.ts 2 (turns)
ledger/group-ledger.ts 4 (tombstone)
ledger/intent-table.ts 2 (intent-key)
ledger/postgres-calls.ts 2 (record-with-effect)
ledger/postgres-calls.ts 2 (rollback)
ledger/postgres-calls.ts 2 (transient-again)
ledger/postgres-calls.ts 2.4 (key-kept)
ledger/postgres-calls.ts 4 (tombstone)
ledger/postgres-intents.ts 2 (intent-carries-key)
ledger/postgres-intents.ts 2 (intent-stands)
ledger/postgres-intents.ts 2 (name-held)
ledger/postgres-intents.ts 2 (over-open)
ledger/postgres-rows.ts 2 (object-lock)
ledger/postgres-rows.ts 2 (session-lock)
ledger/postgres-rows.ts 2.3 (call-lock)
ledger/postgres-rows.ts 2.4 (key-lock)
ledger/postgres-sessions.ts 3 (forget-alone)
ledger/postgres-transactions.ts 2 (failed-is-failed)
ledger/postgres-transactions.ts 2 (lost-commit)
ledger/session-table.ts 3 (lease-waits)
once/admission.ts 1 (instance)
once/admission.ts 1 (journal-behind)
once/admission.ts 1 (resume-denied)
once/admission.ts 1 (resume-expired)
once/admission.ts 1 (resume-fenced)
once/admission.ts 2.1 (denied)
once/admission.ts 2.1 (fenced)
once/admission.ts 2.1 (session-expired)
once/admission.ts 2.2 (stale)
once/admission.ts 2.3 (attach)
once/admission.ts 2.3 (effect-unknown)
once/admission.ts 2.3 (replay)
once/admission.ts 2.3 (xid-reused)
once/admission.ts 2.4 (key-attach)
once/admission.ts 2.4 (key-recorded)
once/admission.ts 2.4 (key-replay)
once/admission.ts 2.4 (key-reused)
once/admission.ts 2.4 (key-unknown)
once/admission.ts 2.5 (dead-records)
once/admission.ts 2.5 (deadline)
once/admission.ts 2.5 (malformed)
once/admission.ts 2.5 (quota-bytes)
once/admission.ts 2.5 (quota-records)
once/admission.ts 2.5 (window)
once/admission.ts 3 (ack-holder)
once/admission.ts 3 (ack-honest)
once/admission.ts 3 (ack-upwards)
once/admission.ts 3 (bye-highest)
once/admission.ts 3 (bye-holder)
once/admission.ts 3 (bye-live)
once/admission.ts 3 (key-expired)
once/admission.ts 3 (lease)
once/client-calls.ts 4 (resolve-journalled)
once/client-calls.ts 4 (socket-full)
once/client.ts 3 (ack-journalled)
once/client.ts 3 (lease-minute)
once/client.ts 4 (other-ledger)
once/intent.ts 2 (completion)
once/intent.ts 2 (object-busy)
once/intent.ts 2 (overtaken)
once/intent.ts 2 (reconcile-dead)
once/intent.ts 2 (settle-once)
once/memory-sessions.ts 3 (memory-lease)
once/poison.ts 2 (poisoned)
once/poison.ts 2 (start-counted)
once/retransmission-budget.ts 4 (budget)
once/server.ts 1 (key-needs-ledger)
once/server.ts 1 (unknown-caller)
once/server.ts 1 (version)
once/server.ts 2 (limbo)
once/server.ts 2.1 (delivery-differs)
once/server.ts 2.1 (oneway-differs)
once/server.ts 2.3 (ledger-attach)
once/server.ts 4 (ledger-differs)
once/server.ts 4 (memory-tombstone)
`
  .trim()
  .split('\n')

/** Their worlds are being built. */
const notYet = 'what it is about does not happen in these worlds yet'

/**
 * Rules without which no world breaks a promise, and why that is as it should be. Each needs a test of its own beside the
 * code; one that some world does notice has no business here, and fails the run.
 */
export const covered: Readonly<Record<string, string>> = {
  'driver/executor.ts 2.5 (deadline-in-turn)': notYet,
  'driver/external-calls.ts 2 (seen-evidence)': notYet,
  'driver/external-handler.ts 2 (error-says-nothing)': notYet,
  'driver/turn-queue.ts 2 (turns)': notYet,
  'ledger/group-ledger.ts 4 (tombstone)': notYet,
  'ledger/intent-table.ts 2 (intent-key)': notYet,
  'ledger/postgres-intents.ts 2 (intent-carries-key)': notYet,
  'ledger/postgres-intents.ts 2 (intent-stands)': notYet,
  'ledger/postgres-intents.ts 2 (name-held)': notYet,
  'ledger/postgres-intents.ts 2 (over-open)': notYet,
  'ledger/postgres-rows.ts 2.3 (call-lock)':
    'economy: without it a copy runs in vain, and the unique key of its record rolls it back',
  'ledger/postgres-transactions.ts 2 (failed-is-failed)':
    'twice held: of a transaction in which something failed COMMIT says ROLLBACK',
  'ledger/session-table.ts 3 (lease-waits)': notYet,
  'once/admission.ts 1 (instance)': notYet,
  'once/admission.ts 1 (journal-behind)': notYet,
  'once/admission.ts 1 (resume-denied)': notYet,
  'once/admission.ts 1 (resume-expired)': notYet,
  'once/admission.ts 1 (resume-fenced)': notYet,
  'once/admission.ts 2.1 (denied)': notYet,
  'once/admission.ts 2.1 (fenced)': notYet,
  'once/admission.ts 2.3 (effect-unknown)': notYet,
  'once/admission.ts 2.3 (xid-reused)': notYet,
  'once/admission.ts 2.4 (key-attach)': notYet,
  'once/admission.ts 2.4 (key-recorded)': notYet,
  'once/admission.ts 2.4 (key-reused)': notYet,
  'once/admission.ts 2.4 (key-unknown)': notYet,
  'once/admission.ts 2.5 (dead-records)': notYet,
  'once/admission.ts 2.5 (deadline)': notYet,
  'once/admission.ts 2.5 (malformed)': notYet,
  'once/admission.ts 2.5 (quota-bytes)': notYet,
  'once/admission.ts 2.5 (quota-records)': notYet,
  'once/admission.ts 2.5 (window)': notYet,
  'once/admission.ts 3 (ack-holder)': notYet,
  'once/admission.ts 3 (ack-honest)': notYet,
  'once/admission.ts 3 (bye-highest)': notYet,
  'once/admission.ts 3 (bye-holder)': notYet,
  'once/admission.ts 3 (bye-live)': notYet,
  'once/admission.ts 3 (key-expired)': notYet,
  'once/admission.ts 3 (lease)': notYet,
  'once/client-calls.ts 4 (socket-full)': notYet,
  'once/client.ts 3 (ack-journalled)': notYet,
  'once/client.ts 3 (lease-minute)': notYet,
  'once/client.ts 4 (other-ledger)': notYet,
  'once/intent.ts 2 (completion)': notYet,
  'once/intent.ts 2 (object-busy)': notYet,
  'once/intent.ts 2 (overtaken)': notYet,
  'once/intent.ts 2 (reconcile-dead)': notYet,
  'once/intent.ts 2 (settle-once)': notYet,
  'once/memory-sessions.ts 3 (memory-lease)': notYet,
  'once/poison.ts 2 (poisoned)': notYet,
  'once/poison.ts 2 (start-counted)': notYet,
  'once/retransmission-budget.ts 4 (budget)': notYet,
  'once/server.ts 1 (key-needs-ledger)': notYet,
  'once/server.ts 1 (unknown-caller)': notYet,
  'once/server.ts 1 (version)': notYet,
  'once/server.ts 2 (limbo)': notYet,
  'once/server.ts 2.1 (delivery-differs)': notYet,
  'once/server.ts 2.1 (oneway-differs)': notYet,
  'once/server.ts 2.3 (ledger-attach)': notYet,
  'once/server.ts 4 (ledger-differs)': notYet,
}
