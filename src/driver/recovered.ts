/**
 * Outcomes of calls that an earlier process began, handed over one by one.
 *
 * Invariant: an outcome counts as handed over when the next one is asked for, not before: a process that dies while it
 * works on one gets it again.
 */

import { DeclaredException } from '../errors/declared-exception.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { ClientOutput } from '../once/client-io.ts'
import { xidText } from '../once/frame.ts'
import type { CompiledMethod } from '../rpc/service.ts'
import { valueOf } from './pending-calls.ts'

/** A call of an earlier process and how it ended. */
export interface Recovered {
  readonly xid: string
  /** `Service.method`. */
  readonly method: string
  readonly args: readonly unknown[]
  readonly outcome:
    | { readonly kind: 'result'; readonly value: unknown }
    | { readonly kind: 'exception'; readonly exception: DeclaredException }
    | { readonly kind: 'failure'; readonly error: OncewireError }
}

type Output = Extract<ClientOutput, { kind: 'recovered' }>

export class RecoveredCalls implements AsyncIterable<Recovered> {
  private readonly queue: Output[] = []
  private isComplete = false
  private wake: (() => void) | undefined
  private readonly find: (method: string) => CompiledMethod | undefined
  private readonly handedOver: (number: number) => void

  /** `find` knows the methods of the services that the channel has made clients of. */
  constructor(find: (method: string) => CompiledMethod | undefined, handedOver: (number: number) => void) {
    this.find = find
    this.handedOver = handedOver
  }

  push(output: Output): void {
    this.queue.push(kept(output))
    this.wake?.()
  }

  /** Nothing more will come. */
  complete(): void {
    this.isComplete = true
    this.wake?.()
  }

  /** @throws {OncewireError} unknown-service if no client of the call's service was made on this channel */
  async *[Symbol.asyncIterator](): AsyncGenerator<Recovered, void, undefined> {
    for (;;) {
      const output = this.queue[0]
      if (output !== undefined) {
        const recovered = this.decode(output)
        yield recovered
        if (this.queue[0] === output) this.queue.shift()
        this.handedOver(output.number)
      } else if (this.isComplete) return
      else await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  private decode({ session, number, begun, settlement }: Output): Recovered {
    const method = this.find(begun.method)
    if (method === undefined) {
      const service = begun.method.slice(0, begun.method.lastIndexOf('.'))
      throw new OncewireError(
        'unknown-service',
        'never',
        `the journal holds a call of ${begun.method}: call channel.client(${service}) before you read channel.recovered; nothing is lost`,
      )
    }
    const identity = { session, number, attempts: 0 }
    const ended = valueOf(method, settlement, identity)
    return {
      xid: xidText(session, number),
      method: begun.method,
      args: method.decodeArguments(begun.payload),
      outcome:
        'value' in ended
          ? { kind: 'result', value: ended.value }
          : ended.error instanceof DeclaredException
            ? { kind: 'exception', exception: ended.error }
            : { kind: 'failure', error: ended.error as OncewireError },
    }
  }
}

/** The bytes of an outcome lie in a buffer that the transport uses again. */
function kept(output: Output): Output {
  const { settlement } = output
  if (settlement.kind === 'failed' || settlement.outcome.kind === 'failure') return output
  const outcome = { kind: settlement.outcome.kind, bytes: settlement.outcome.bytes.slice() }
  return { ...output, settlement: { kind: 'outcome', outcome } }
}
