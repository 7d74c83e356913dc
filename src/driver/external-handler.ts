/**
 * The three parts of an external effect's handler, run.
 *
 * Invariant: an error that the IDL does not declare says nothing about an effect: where `perform` throws one, there is no
 * outcome.
 */
import { DeclaredException } from '../errors/declared-exception.ts'
import { notPerformed } from '../once/intent.ts'
import type { HandlerEnd } from '../once/ledger.ts'
import type { Outcome, Remembered } from '../once/outcome.ts'
import type { Served } from '../rpc/dispatcher.ts'
import type { CallContext } from './call-context.ts'
import type { External, Reconciled } from './handlers.ts'
import { endWith, failWith, type HandlerRules } from './run-handler.ts'

export type AnyExternal = External<readonly unknown[], unknown, unknown>

/** One call of it. */
export interface ExternalCall {
  readonly served: Served
  readonly values: readonly unknown[]
  readonly context: CallContext
}

export class ExternalHandler {
  private readonly log: HandlerRules['log']
  private readonly rules: Omit<HandlerRules, 'executedOnFailure'>

  constructor(rules: Omit<HandlerRules, 'executedOnFailure'>) {
    this.rules = rules
    this.log = rules.log
  }

  /** What `perform` is to be judged by later; or how the call ended, before anything happened. */
  async prepare({ served, values, context }: ExternalCall): Promise<{ readonly evidence: unknown } | HandlerEnd> {
    const { handler, method } = { handler: served.handler as AnyExternal, method: served.method }
    try {
      return { evidence: await handler.prepare?.(...values, context) }
    } catch (error) {
      return failWith(method, error, { ...this.rules, executedOnFailure: 'never' })
    }
  }

  /** How it ended; undefined: nobody knows, as it threw what the IDL does not declare. */
  async perform({ served, values, context }: ExternalCall): Promise<Outcome | undefined> {
    const { handler, method } = { handler: served.handler as AnyExternal, method: served.method }
    const rules = { ...this.rules, executedOnFailure: 'once' } as const
    try {
      const value = await handler.perform(...values, context as CallContext & { readonly evidence: unknown })
      return endWith(method, value, rules).outcome
    } catch (error) {
      const isDeclared = declares(served, error)
      if (!isDeclared) this.log(`${method.name}: perform failed, which says nothing about its effect`, error)
      // Rule 2 (error-says-nothing): H5.
      if (!isDeclared) return undefined
      return failWith(method, error, rules).outcome
    }
  }

  /** Throws what `reconcile` throws: then it is asked again later. */
  async reconcile({ served, values, context }: ExternalCall): Promise<Exclude<Remembered, { kind: 'running' }>> {
    const { handler, method } = { handler: served.handler as AnyExternal, method: served.method }
    const given = context as CallContext & { readonly evidence: unknown }
    const found = (await handler.reconcile(...values, given)) as Reconciled<unknown> | undefined
    switch (found?.executed) {
      case 'never':
        return notPerformed
      case 'once':
        return endWith(method, found.result, { ...this.rules, executedOnFailure: 'once' }).outcome
      case 'unknown':
        return { kind: 'unknown' }
      default:
        throw new Error(`${method.name}: reconcile must answer { executed: 'never' | 'once' | 'unknown' }`)
    }
  }
}

function declares({ method }: Served, error: unknown): boolean {
  if (!(error instanceof DeclaredException)) return false
  try {
    return method.encodeException(error) !== undefined
  } catch {
    return false // Declared, and with values that are none.
  }
}
