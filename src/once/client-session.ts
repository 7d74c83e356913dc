/**
 * One session as its client sees it: numbers, calls that are open, calls that wait, what may be acknowledged.
 *
 * Invariant: a number is given once, and only after WELCOME; firstUnacked passes a call only when the application (or
 * the journal, fsynced) holds its outcome, and never goes down (I0, I12).
 */
import type { CallSpec } from './client-io.ts'
import { epochStride, noSession, type SessionId, type SessionKind } from './frame.ts'
import type { JournalledCall, StepName } from './journal.ts'
import { NumberRing } from './number-ring.ts'
import type { Outcome } from './outcome.ts'

/** A call from its number to its end. */
export interface OpenCall {
  readonly begun: JournalledCall & Pick<CallSpec, 'headers' | 'isOneway'>
  /** The driver's number for it; undefined: begun by an earlier process, its outcome goes to `recovered`. */
  readonly call: number | undefined
  /** Of a resumable run: what happens to it is told under this name, and `call` says nothing. */
  readonly step: StepName | undefined
  /** Infinity: of a step that its run has not asked for again. */
  deadlineAtMs: number
  session: ClientSession
  /** 0: it waits for a number. */
  number: number
  attempts: number
  dueMs: number
  /** How often it stands in the timer wheel. */
  timers: number
  /**
   * `waiting`: for a number; `journalling`: for its entry to be durable; `open`: sent or to be sent; `asking`: RESOLVE;
   * `parked`: nothing more is done here, the next opening goes on; `over`.
   */
  phase: 'waiting' | 'journalling' | 'open' | 'asking' | 'parked' | 'over'
  /** The application has been told; what comes now is the resolution of `unknown`. */
  isSettled: boolean
  /** Why the server refused it, while RESOLVE finds out what that means. */
  refusal: Pick<Extract<Outcome, { kind: 'failure' }>, 'code' | 'message'> | undefined
}

/** A call that an earlier process began. */
export function replayed(
  begun: JournalledCall,
  rest: Pick<OpenCall, 'session' | 'number' | 'phase' | 'deadlineAtMs'> & Partial<Pick<OpenCall, 'step' | 'isSettled'>>,
): OpenCall {
  return {
    begun: { ...begun, headers: undefined, isOneway: false },
    call: undefined,
    step: undefined,
    attempts: 0,
    dueMs: Infinity,
    timers: 0,
    isSettled: false,
    refusal: undefined,
    ...rest,
  }
}

export class ClientSession {
  readonly kind: SessionKind | 'none'
  id: SessionId | undefined
  /** WELCOME has come on this connection. */
  isWelcome = false
  /** HELLO has been sent on this connection. */
  isAsked = false
  askedMs = 0
  /** From then on the session is asked for anew before it is used: a minute before its lease may have ended. */
  leaseEndsMs: number = Infinity
  epoch = 1
  window = 1024
  ledgerId = ''
  /** Of a memory session: the address where it was made, the only one that can speak for it. */
  endpoint = ''
  /** Highest number given, by this process or, as the journal knows, by an earlier one; 0 if none. */
  highest = 0
  /** Highest firstUnacked that the server was told. */
  toldUnacked = 1
  private ring: NumberRing<OpenCall>
  /** Open calls of earlier epochs, lowest number first. */
  private older: Map<number, OpenCall> = new Map()
  private lastOlder: OpenCall | undefined
  private readonly queue: OpenCall[] = []
  private queueHead = 0

  /** `first`: the number of its first call. */
  constructor(kind: SessionKind | 'none', first: number = 1) {
    this.kind = kind
    this.ring = new NumberRing(first)
    if (kind === 'none') this.id = noSession
  }

  get openCount(): number {
    return this.ring.count + this.older.size
  }

  get queuedCount(): number {
    return this.queue.length - this.queueHead
  }

  /** The server keeps a record for every number from firstUnacked on, also of calls that are over (section 4). */
  get hasRoom(): boolean {
    return this.ring.next - this.ring.first + this.older.size < this.window
  }

  /** Below it the server may forget. */
  get firstUnacked(): number {
    for (const number of this.older.keys()) return number
    return this.ring.first === this.ring.next ? this.highest + 1 : this.ring.first
  }

  /** A new session, or a new epoch of the old one: numbers begin behind everything given before. */
  begin(id: SessionId | undefined, epoch: number): void {
    this.id = id
    this.epoch = epoch
    const base = this.kind === 'durable' ? epoch * epochStride : 0
    this.ring = new NumberRing(Math.max(base, this.ring.next - 1) + 1)
    this.older = new Map()
    this.lastOlder = undefined
    this.toldUnacked = 1
  }

  /** A call of an earlier process, with the number it had. Steps of runs come after the other calls, whatever their numbers. */
  addOlder(call: OpenCall): void {
    const isLast = call.number > (this.lastOlder?.number ?? 0)
    this.older.set(call.number, call)
    if (isLast) this.lastOlder = call
    else this.older = new Map([...this.older].toSorted(([one], [other]) => one - other))
  }

  /** Gives the next number. */
  number(call: OpenCall): void {
    call.number = this.ring.next
    this.highest = call.number
    this.ring.set(call.number, call)
  }

  get(number: number): OpenCall | undefined {
    return this.ring.get(number) ?? this.older.get(number)
  }

  /** The application or the journal holds its outcome. */
  delete(call: OpenCall): void {
    const { number } = call
    if (this.older.get(number) === call) this.older.delete(number)
    if (this.ring.get(number) !== call) return
    this.ring.delete(number)
    this.ring.skipGaps()
  }

  /** Open calls, from the lowest number up. */
  calls(): OpenCall[] {
    return [...this.older.values(), ...this.ring.values()]
  }

  enqueue(call: OpenCall): void {
    this.queue.push(call)
  }

  /** The next that waits and has not been given up. */
  dequeue(): OpenCall | undefined {
    while (this.queueHead < this.queue.length) {
      const call = this.queue[this.queueHead++]
      if (this.queueHead > 1024 && this.queueHead * 2 > this.queue.length) {
        this.queue.splice(0, this.queueHead)
        this.queueHead = 0
      }
      if (call?.phase === 'waiting') return call
    }
    this.queue.length = 0
    this.queueHead = 0
    return undefined
  }

  /** The call of that number of the driver's, open or waiting. Steps of runs have none: they are cancelled by their names. */
  called(number: number): OpenCall | undefined {
    const waiting = this.queue.slice(this.queueHead).filter((call) => call.phase === 'waiting')
    return [...this.calls(), ...waiting].find((call) => call.call === number && call.step === undefined)
  }

  /** All that wait, taken out. */
  drain(): OpenCall[] {
    const waiting: OpenCall[] = []
    for (let call = this.dequeue(); call !== undefined; call = this.dequeue()) waiting.push(call)
    return waiting
  }
}
