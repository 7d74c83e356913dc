/**
 * Writes down what clients ask for and are told, as a history that the checker takes.
 *
 * Invariant: a call is written down before it is made, and what it was told after that is known, so that no interval is
 * shorter than it was; what nobody knows is written as unknown.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { CallOutcome, HistoryCall } from './linearizable.ts'

/** One line of what was written down: plain data, for who writes it to a file. */
export type HistoryEvent<Input, Output> =
  | {
      readonly kind: 'called'
      readonly call: string
      readonly client: string
      readonly input: Input
      readonly atMs: number
    }
  | { readonly kind: 'ended'; readonly call: string; readonly outcome: CallOutcome<Output> }

export interface RecorderOptions {
  /** Tells this recorder's calls from those of other processes. */
  readonly name?: string | undefined
  /** A clock that all recorders of one history share; absent: this machine's, which its processes share. */
  readonly nowMs?: (() => number) | undefined
}

export class Recorder<Input, Output> {
  private readonly write: (event: HistoryEvent<Input, Output>) => void
  private readonly name: string
  private readonly nowMs: () => number
  private calls = 0

  constructor(write: (event: HistoryEvent<Input, Output>) => void, { name = '', nowMs }: RecorderOptions = {}) {
    this.write = write
    this.name = name
    this.nowMs = nowMs ?? machineMs
  }

  /**
   * Makes a call and writes down how it ends. A declared exception is an answer like any other: `make` turns it into an
   * output. Of what fails with an OncewireError is written what its `executed` says, and later what `resolved` says.
   */
  async record(client: string, input: Input, make: () => Promise<Output>): Promise<Output> {
    const call = `${this.name}${this.calls++}`
    this.write({ kind: 'called', call, client, input, atMs: this.nowMs() })
    try {
      const output = await make()
      this.ended(call, { kind: 'returned', atMs: this.nowMs(), output })
      return output
    } catch (error) {
      const executed = error instanceof OncewireError ? error.executed : 'unknown'
      this.learnt(call, executed)
      if (error instanceof OncewireError && error.resolved !== undefined)
        void error.resolved.then((resolved) => this.learnt(call, resolved))
      throw error
    }
  }

  private learnt(call: string, executed: OncewireError['executed']): void {
    if (executed === 'once') this.ended(call, { kind: 'ran', atMs: this.nowMs() })
    else this.ended(call, { kind: executed })
  }

  private ended(call: string, outcome: CallOutcome<Output>): void {
    this.write({ kind: 'ended', call, outcome })
  }
}

/** The history that was written down; the last that is known of a call counts, and of one without an end nothing is. */
export function historyOf<Input, Output>(events: readonly HistoryEvent<Input, Output>[]): HistoryCall<Input, Output>[] {
  const outcomes = new Map<string, CallOutcome<Output>>()
  for (const event of events)
    if (event.kind === 'ended' && event.outcome.kind !== 'unknown') outcomes.set(event.call, event.outcome)
  return events.flatMap((event) => {
    if (event.kind !== 'called') return []
    const { client, input, atMs } = event
    return [{ client, input, calledMs: atMs, outcome: outcomes.get(event.call) ?? { kind: 'unknown' } }]
  })
}

const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6
