/**
 * What the contracts of ledgers share: a ledger under test, and calls to make of it.
 */
import { expect, onTestFinished } from 'vitest'
import { epochStride, type SessionId } from '../once/frame.ts'
import type { HandlerEnd, Ledger, LedgerCall, OpenedSession } from '../once/ledger.ts'
import type { Answer } from '../once/outcome.ts'
import type { LedgerOptions } from './limits.ts'

/** What a test needs of a ledger and its database. */
export interface ContractSubject<Tx> {
  readonly ledger: Ledger<Tx>
  /** Adds one to a counter, inside a call. */
  increment(tx: Tx): void | Promise<void>
  /** The counter, as committed. */
  count(): number | Promise<number>
  /** Makes everything that the ledger holds so much older, by the database's clock. */
  age(ms: number): void | Promise<void>
  /** What a crash of this process at this moment would leave, opened anew; may be asked inside a handler. */
  afterCrash(): Promise<ContractSubject<Tx>>
}

export type OpenSubject<Tx> = (limits: LedgerOptions) => Promise<ContractSubject<Tx>>

export const bytesOf = (word: string): Uint8Array => Uint8Array.from(word, (char) => char.charCodeAt(0))
export const replied = (word: string): HandlerEnd => ({
  outcome: { kind: 'reply', bytes: bytesOf(word) },
  keepsEffects: true,
})
export const idOf = (n: number): SessionId => n.toString(16).padStart(32, '0')
/** The first number of the first epoch. */
export const first = epochStride + 1
export const leaseMs = 1e6

type Overrides = Partial<LedgerCall> & { readonly end?: HandlerEnd; readonly throws?: string }

export interface Calls {
  /** Made with the first call. */
  readonly session: SessionId
  /** A call whose handler increments, then ends. */
  call(number: number, word: string, overrides?: Overrides): Promise<Answer>
  /** The same as a value. */
  callOf(number: number, overrides?: Partial<LedgerCall>): LedgerCall
  openSession(id: SessionId, principal?: string): Promise<OpenedSession>
  /** HELLO that resumes the session. */
  take(epoch: number, instance: string, highest: number, principal?: string): Promise<OpenedSession>
  ask(number: number, overrides?: Partial<LedgerCall>): Promise<Answer>
  acknowledge(firstUnacked: number, principal?: string): Promise<void>
}

export type Subject<Tx> = ContractSubject<Tx> & Calls

/** A ledger under test, closed with the test, with a session in epoch 1. */
export function withCalls<Tx>(subject: ContractSubject<Tx>, isNew = true): Subject<Tx> {
  const { ledger, increment } = subject
  onTestFinished(() => ledger.close().catch(() => {}))
  const session = idOf(1)
  const opened = (overrides: object): Promise<OpenedSession> =>
    ledger.open({
      resume: undefined,
      fresh: idOf(2),
      principal: '',
      epoch: 1,
      instance: 'one',
      highest: 0,
      leaseMs,
      ...overrides,
    })
  let isOpen: Promise<unknown> | undefined = isNew ? undefined : Promise.resolve()
  const callOf: Calls['callOf'] = (number, overrides) => ({
    session,
    number,
    epoch: 1,
    firstUnacked: first,
    principal: '',
    method: 'Test.call',
    fingerprint: bytesOf('same'),
    idempotency: undefined,
    attempt: 1,
    deadlineAtMs: Infinity,
    object: undefined,
    ...overrides,
  })
  return {
    ...subject,
    session,
    callOf,
    async call(number, word, { end, throws, ...overrides } = {}) {
      await (isOpen ??= opened({ fresh: session }))
      return ledger.execute(callOf(number, overrides), (tx) => {
        const after = (): HandlerEnd => {
          if (throws !== undefined) throw new Error(throws)
          return end ?? replied(word)
        }
        const incremented = increment(tx)
        return incremented instanceof Promise ? incremented.then(after) : after()
      })
    },
    openSession: (fresh, principal = '') => opened({ fresh, principal }),
    take: (epoch, instance, highest, principal = '') =>
      opened({ resume: session, epoch, instance, highest, principal }),
    ask: (number, overrides) => ledger.resolve({ ...callOf(number), fingerprint: undefined, ...overrides }),
    acknowledge: (firstUnacked, principal = '') => ledger.acknowledge({ session, epoch: 1, firstUnacked, principal }),
  }
}

/** A UUID of version 7 made at that time. */
export function uuid7(madeMs: number, last = '0'): string {
  const time = madeMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7abc-8def-${last.padStart(12, '0')}`
}

export const keyOf = (key: string, fingerprint = 'f'): NonNullable<LedgerCall['idempotency']> => ({
  method: 'Test.call',
  key,
  fingerprint: bytesOf(fingerprint),
})

/** What is kept of a principal's calls. */
export const expectKept = async (
  { ledger }: ContractSubject<unknown>,
  records: number,
  principal = '',
): Promise<void> => {
  expect((await ledger.keptOf(principal)).records).toBe(records)
}
