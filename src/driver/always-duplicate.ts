/**
 * For tests: each exactly-once handler runs twice, the first time to no effect, and must come to the same outcome. What a
 * handler does beside its transaction happens again whenever a call is tried again (protocol section 6).
 *
 * Invariant: the first run leaves nothing in the database.
 */
import type { HandlerEnd, Ledger, LedgerCall } from '../once/ledger.ts'
import type { Answer, Outcome } from '../once/outcome.ts'
import type { HandlerRules } from './run-handler.ts'

type Handler = (tx: unknown) => HandlerEnd | Promise<HandlerEnd>

export async function executeTwice(
  ledger: Ledger<unknown>,
  call: LedgerCall,
  { run, log }: { readonly run: Handler; readonly log: HandlerRules['log'] },
): Promise<Answer> {
  let first: Outcome | undefined
  // Nobody's call: no record is kept of it, and its effects are rolled back.
  const trial = { ...call, session: undefined, idempotency: undefined, attempt: 1 }
  await ledger.execute(trial, (tx) =>
    then(run(tx), ({ outcome }) => {
      first = outcome
      return { outcome, keepsEffects: false }
    }),
  )
  return ledger.execute(call, (tx) =>
    then(run(tx), (end) => {
      if (first === undefined || isSame(first, end.outcome)) return end
      const message = `${call.method} ran twice with the same arguments and answered differently: an exactly-once handler may use its arguments and call.tx, and nothing else`
      log(message, { first, second: end.outcome })
      return { outcome: { kind: 'failure', code: 'internal-error', executed: 'never', message }, keepsEffects: false }
    }),
  )
}

function then(
  end: HandlerEnd | Promise<HandlerEnd>,
  next: (end: HandlerEnd) => HandlerEnd,
): HandlerEnd | Promise<HandlerEnd> {
  return end instanceof Promise ? end.then(next) : next(end)
}

function isSame(one: Outcome, other: Outcome): boolean {
  if (one.kind === 'failure' || other.kind === 'failure') return one.kind === other.kind
  return one.kind === other.kind && Buffer.compare(one.bytes, other.bytes) === 0
}
