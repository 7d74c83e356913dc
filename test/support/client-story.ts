/**
 * A client machine that is led through a story by hand: what it is told, what it sends, writes down and tells.
 */
import type { CallSpec, ClientInput, ClientOptions, ClientOutput } from '../../src/once/client-io.ts'
import { ClientMachine } from '../../src/once/client.ts'
import type { Delivery, Frame, SessionId } from '../../src/once/frame.ts'
import type { JournalEntry, JournalState } from '../../src/once/journal.ts'
import type { Outcome } from '../../src/once/outcome.ts'

export const bytes = Uint8Array.of(1)
export const reply: Outcome = { kind: 'reply', bytes }
export const memory = 'a'.repeat(32)
export const durable = 'd'.repeat(32)
export const emptyJournal: JournalState = {
  session: undefined,
  ledgerId: '',
  principal: '',
  epoch: 0,
  highest: 0,
  open: [],
  unclaimed: [],
  runs: [],
}

/** One client machine, step by step. */
export class Story {
  nowMs = 0
  readonly entries: JournalEntry[] = []
  private readonly machine: ClientMachine
  private calls = 0

  constructor(options: Partial<ClientOptions> = {}) {
    this.machine = new ClientMachine({
      attemptMs: 100,
      attemptMsMax: 1000,
      pingMs: 10_000,
      queuedMax: 3,
      replayMs: 60_000,
      token: '',
      instance: '0'.repeat(16),
      random: () => 0.5, // a jitter of 1.0
      fingerprints: () => ({ xid: new Uint8Array(32), key: new Uint8Array(32) }),
      journal: undefined,
      ...options,
    })
  }

  step(input: ClientInput): ClientOutput[] {
    const outputs = [...this.machine.step(input)]
    for (const output of outputs) if (output.kind === 'append') this.entries.push(output.entry)
    return outputs
  }

  /** Time passes; what is due is done. */
  pass(ms: number): ClientOutput[] {
    this.nowMs += ms
    return this.step({ kind: 'woke', nowMs: this.nowMs })
  }

  start(): ClientOutput[] {
    return this.step({ kind: 'started', nowMs: this.nowMs })
  }

  connect(): ClientOutput[] {
    return this.step({ kind: 'connected', nowMs: this.nowMs, endpoint: 'a' })
  }

  disconnect(): ClientOutput[] {
    return this.step({ kind: 'disconnected', nowMs: this.nowMs, cause: undefined })
  }

  receive(frame: Frame): ClientOutput[] {
    return this.step({ kind: 'received', nowMs: this.nowMs, frame })
  }

  welcome(id: SessionId = memory, epoch = 1, leaseMs = 1e6): ClientOutput[] {
    const session = id.startsWith('d') ? 'durable' : 'memory'
    return this.receive({
      kind: 'welcome',
      version: 1,
      session,
      id,
      epoch,
      instance: '0'.repeat(16),
      leaseMs,
      window: 4,
      replyBytesMax: 1e6,
      keyRetentionMs: 0,
      ledgerId: 'l',
      incarnation: 'i',
    })
  }

  call(delivery: Delivery = 'at-most-once', spec: Partial<CallSpec> = {}): ClientOutput[] {
    return this.step({
      kind: 'called',
      nowMs: this.nowMs,
      spec: {
        call: this.calls++,
        method: 'T.t',
        delivery,
        isOneway: false,
        payload: bytes,
        deadlineAtMs: this.nowMs + 5000,
        idempotencyKey: undefined,
        headers: undefined,
        ...spec,
      },
    })
  }

  durable(): ClientOutput[] {
    return this.step({ kind: 'journalled', nowMs: this.nowMs, count: this.entries.length })
  }

  /** Connected, with a memory session. */
  up(): this {
    this.start()
    this.connect()
    this.welcome()
    return this
  }
}

export const sent = (outputs: readonly ClientOutput[]): Frame[] =>
  outputs.flatMap((output) => (output.kind === 'send' ? [output.frame] : []))
export const calls = (outputs: readonly ClientOutput[]) =>
  sent(outputs).flatMap((frame) => (frame.kind === 'call' ? [frame] : []))
export const told = (outputs: readonly ClientOutput[]) =>
  outputs.flatMap((output) => (output.kind === 'settled' ? [output.settlement] : []))
export const answer = (session: SessionId, number: number, outcome: Outcome = reply): Frame => ({
  kind: 'reply',
  session,
  number,
  isReplay: false,
  outcome,
})
export const refusal = (
  session: SessionId,
  number: number,
  code: Extract<Frame, { kind: 'refused' }>['code'],
  of: 'call' | 'hello' = 'call',
): Frame => ({
  kind: 'refused',
  of,
  session,
  number,
  sessionKind: session.startsWith('d') ? 'durable' : 'memory',
  code,
  message: code,
})
