/**
 * The two machines of the call protocol, told whatever a peer can say and whenever it can happen. Of any sequence: no
 * assertion of theirs fails; the server never runs an at-most-once call twice; the client settles every call once.
 */
import assert from 'node:assert/strict'
import { OncewireError } from '../../../src/errors/oncewire-error.ts'
import type { ClientInput, ClientOutput } from '../../../src/once/client-io.ts'
import { ClientMachine } from '../../../src/once/client.ts'
import { decodeFrame, encodeFrame } from '../../../src/once/frame-bytes.ts'
import type { Delivery, Frame } from '../../../src/once/frame.ts'
import type { Outcome } from '../../../src/once/outcome.ts'
import type { ServerInput, ServerOutput } from '../../../src/once/server-io.ts'
import { ServerMachine } from '../../../src/once/server.ts'
import { ByteWriter } from '../../../src/std/bytes.ts'
import type { Target } from '../fuzz/target.ts'
import { frames } from './framing.ts'

/** What happens, read off the input: a number says what, the bytes behind it how. */
class Tape {
  private readonly bytes: Uint8Array
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get isOver(): boolean {
    return this.at >= this.bytes.length
  }

  u8(): number {
    return this.bytes[this.at++] ?? 0
  }

  /** A frame behind its length; undefined: none that can be read. */
  frame(): Frame | undefined {
    const length = this.u8()
    const body = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    try {
      return decodeFrame(body)
    } catch (error) {
      if (error instanceof OncewireError && error.code === 'malformed') return undefined
      throw error
    }
  }
}

/** A tape on which each of some things happens once, and frames come in between. */
function tapeOf(events: readonly (readonly number[])[], opcode: number): Uint8Array {
  const out = new ByteWriter()
  frames.forEach((frame, i) => {
    const event = events[i % events.length] ?? []
    out.raw(Uint8Array.from(event))
    const body = new ByteWriter()
    encodeFrame(body, frame)
    out.raw(Uint8Array.of(opcode, body.position))
    out.raw(body.slice())
  })
  return out.slice()
}

const id = (number: number): string => number.toString(16).padStart(32, '0')
const outcomes: readonly Outcome[] = [
  { kind: 'reply', bytes: Uint8Array.of(0) },
  { kind: 'exception', bytes: Uint8Array.of(1) },
  { kind: 'failure', code: 'internal-error', executed: 'once', message: 'm' },
]
const deliveries: readonly Delivery[] = ['at-least-once', 'at-most-once', 'exactly-once', 'external']

class ServerStory {
  private fresh = 0
  private nowMs = 0
  private readonly runs: ServerOutput[] = []
  private readonly executed = new Set<string>()
  private readonly machine = new ServerMachine({
    incarnation: 'i',
    ledgerId: 'l'.repeat(32),
    window: 4,
    replyBytesMax: 1000,
    memoryLeaseMs: 1000,
    durableLeaseMs: 1e9,
    recordsMax: 6,
    recordBytesMax: 100,
    sessionsMax: 3,
    keyRetentionMs: 0,
    duplicates: 'attach',
    freshSession: () => id(++this.fresh),
  })

  constructor() {
    for (const peer of [1, 2]) this.step({ kind: 'connected', peer })
  }

  play(tape: Tape): void {
    while (!tape.isOver) this.happens(tape.u8() % 8, tape)
    while (this.runs.length > 0) this.runEnds(0, false)
    assert(this.machine.entryCount <= 6 + 4, `${this.machine.entryCount} entries where quotas allow 6`)
  }

  private happens(what: number, tape: Tape): void {
    const peer = 1 + (what & 1)
    switch (what >> 1) {
      case 0:
        return this.arrives(tape.frame(), peer)
      case 1:
        if (what & 1) return this.pass(tape.u8() * 20)
        return void (this.runs.length > 0 && this.runEnds(tape.u8() % this.runs.length, tape.u8() > 240))
      case 2:
        this.step({ kind: 'disconnected', peer, nowMs: this.nowMs })
        return this.step({ kind: 'connected', peer })
      default:
        return this.arrives(tape.frame(), peer, tape.u8())
    }
  }

  private arrives(frame: Frame | undefined, peer: number, how = 0): void {
    const { nowMs } = this
    if (frame === undefined) return
    if (frame.kind === 'hello') {
      return this.step({ kind: 'hello', peer, nowMs, frame, principal: [undefined, 'p'][how] ?? '' })
    }
    if (frame.kind !== 'call') return this.step({ kind: 'received', peer, nowMs, frame })
    const method =
      how > 200
        ? ({ kind: 'refused', code: 'unknown-method', message: 'm' } as const)
        : ({ kind: 'served', delivery: frame.delivery, isOneway: frame.isOneway } as const)
    this.step({ kind: 'call', peer, nowMs, frame, method })
  }

  private pass(ms: number): void {
    this.nowMs += ms
    this.step({ kind: 'woke', nowMs: this.nowMs })
  }

  private runEnds(which: number, isFailed: boolean): void {
    const [output] = this.runs.splice(which, 1)
    const { nowMs } = this
    const outcome = outcomes[which % outcomes.length] as Outcome
    if (output?.kind === 'execute') this.step({ kind: 'executed', run: output.run, nowMs, outcome })
    else if (output?.kind === 'open') {
      const opened = isFailed
        ? ({ kind: 'failed' } as const)
        : ({ kind: 'opened', id: output.hello.resume ?? output.fresh, epoch: output.hello.epoch } as const)
      this.step({ kind: 'opened', run: output.run, nowMs, opened })
    } else if (output?.kind === 'transact' || output?.kind === 'resolve') {
      const answer = isFailed ? ({ kind: 'failed' } as const) : ({ kind: 'outcome', outcome, isReplay: false } as const)
      this.step({ kind: 'answered', run: output.run, nowMs, answer })
    }
  }

  private step(input: ServerInput): void {
    for (const output of this.machine.step(input)) {
      if (output.kind === 'send') encodeFrame(new ByteWriter(), output.frame)
      if ('run' in output) this.runs.push(output)
      if (output.kind !== 'execute' || output.call.delivery !== 'at-most-once' || output.call.isOneway) continue
      const xid = `${output.call.session}:${output.call.number}`
      assert(!this.executed.has(xid), `call ${xid} ran twice`)
      this.executed.add(xid)
    }
  }
}

class ClientStory {
  private nowMs = 0
  private calls = 0
  private wakeAtMs = Infinity
  private appended = 0
  private readonly settled = new Set<number>()
  private readonly machine = new ClientMachine({
    attemptMs: 100,
    attemptMsMax: 1000,
    pingMs: 500,
    queuedMax: 5,
    replayMs: 1000,
    token: '',
    instance: '0011223344556677',
    random: () => 0.5,
    fingerprints: () => ({ xid: new Uint8Array(32), key: new Uint8Array(32) }),
    journal: undefined,
  })

  constructor() {
    this.step({ kind: 'started', nowMs: 0 })
  }

  play(tape: Tape): void {
    for (let events = 0; !tape.isOver && events < 500; events++) this.happens(tape.u8() % 16, tape)
    this.step({ kind: 'closing', nowMs: this.nowMs, closeAtMs: this.nowMs })
    for (let turns = 0; turns < 20 && this.wakeAtMs !== Infinity; turns++) this.pass(1000)
    assert.equal(this.settled.size, this.calls, 'a call did not settle')
  }

  private happens(what: number, tape: Tape): void {
    const { nowMs } = this
    switch (what) {
      case 0:
      case 1:
        return this.call(tape.u8())
      case 2:
        return this.step({ kind: 'connected', nowMs, endpoint: 'e' })
      case 3:
        return this.step({ kind: 'disconnected', nowMs, cause: undefined })
      case 4:
      case 5:
        return this.pass(tape.u8() * 10)
      case 6:
        if (this.calls > 0) this.step({ kind: 'cancelled', nowMs, call: tape.u8() % this.calls })
        return
      case 7:
        return this.step({ kind: 'stalled', nowMs, isStalled: tape.u8() > 127 })
      default: {
        const frame = tape.frame()
        if (frame !== undefined) this.step({ kind: 'received', nowMs, frame })
      }
    }
  }

  private call(how: number): void {
    const delivery = deliveries[how & 3] as Delivery
    this.step({
      kind: 'called',
      nowMs: this.nowMs,
      spec: {
        call: this.calls++,
        method: 'Target.count',
        delivery,
        isOneway: how > 240,
        payload: Uint8Array.of(0),
        deadlineAtMs: this.nowMs + (how >> 2) * 20,
        idempotencyKey: (how & 7) === 6 ? 'k' : undefined,
        headers: undefined,
      },
    })
  }

  private pass(ms: number): void {
    this.nowMs += ms
    this.step({ kind: 'woke', nowMs: this.nowMs })
  }

  private step(input: ClientInput): void {
    for (const output of this.machine.step(input)) this.carryOut(output)
  }

  private carryOut(output: ClientOutput): void {
    if (output.kind === 'send') encodeFrame(new ByteWriter(), output.frame)
    else if (output.kind === 'wake') this.wakeAtMs = output.atMs
    else if (output.kind === 'append') this.appended++
    else if (output.kind === 'settled') {
      assert(!this.settled.has(output.call), `call ${output.call} settled twice`)
      this.settled.add(output.call)
    }
  }
}

export const machineTargets: readonly Target[] = [
  {
    name: 'server-machine',
    bytesMax: 2048,
    seeds: () => [tapeOf([[], [2, 0, 0], [3, 20], [4], [5]], 0), tapeOf([[], [2, 1, 255]], 7)],
    run: (input) => new ServerStory().play(new Tape(input)),
  },
  {
    name: 'client-machine',
    bytesMax: 2048,
    seeds: () => [
      tapeOf(
        [
          [2, 0, 5],
          [0, 255],
          [4, 50],
          [6, 1],
          [3, 2],
          [7, 255, 7, 0],
        ],
        8,
      ),
      tapeOf([[0, 29, 2]], 9),
    ],
    run: (input) => new ClientStory().play(new Tape(input)),
  },
]
