/**
 * Feeds the client machine with real time, a transport and a journal, and does what it asks for.
 *
 * Invariant: inputs reach the machine one at a time, in the order in which they happened; what happens while its
 * outputs are carried out waits for its turn.
 */
import type { OncewireError } from '../errors/oncewire-error.ts'
import type { CallIdentity, CallSpec, ClientInput, ClientOptions, ClientOutput, Settlement } from '../once/client-io.ts'
import { ClientMachine } from '../once/client.ts'
import { decodeFrame } from '../once/frame-bytes.ts'
import type { Executed } from '../errors/codes.ts'
import type { Journal, StepName, StepOutcome } from '../once/journal.ts'
import { assert, unreachable } from '../std/assert.ts'
import type { Connection, ConnectionOwner } from '../transport/transport.ts'
import { FrameLink } from './frame-link.ts'
import type { World } from './world.ts'

/** What the owner of a driver learns. */
export interface ClientEvents {
  settled(call: number, settlement: Settlement, identity: CallIdentity): void
  resolved(call: number, executed: Executed): void
  recovered(output: Extract<ClientOutput, { kind: 'recovered' }>): void
  stepEnded(output: Extract<ClientOutput, { kind: 'step-ended' }>): void
  stepResolved(output: Extract<ClientOutput, { kind: 'step-resolved' }>): void
  journalFailed(error: OncewireError): void
  allRecovered(): void
  ready(): void
  /** No session can be had, now or later. */
  refused(output: Extract<ClientOutput, { kind: 'refused' }>): void
  /** A connection could not be made, or ended. */
  disconnected(cause: unknown): void
  closed(): void
}

export interface ClientDriverOptions {
  readonly machine: ClientOptions
  readonly journal: Journal | undefined
  readonly world: World
  /** Makes one connection; another address each time where there are several. */
  readonly dial: (owner: ConnectionOwner) => Promise<Connection>
  /** The address of the connection made last: a memory session lives there and nowhere else. */
  readonly endpoint: () => string
  readonly events: ClientEvents
}

export class ClientDriver {
  private readonly machine: ClientMachine
  private readonly options: ClientDriverOptions
  private readonly world: World
  private link: FrameLink | undefined
  private takeBackWake: (() => void) | undefined
  private isStepping = false
  private isClosed = false
  /** As the machine was told. */
  private isStalled = false
  private readonly waiting: ClientInput[] = []

  constructor(options: ClientDriverOptions) {
    this.options = options
    this.world = options.world
    this.machine = new ClientMachine(options.machine)
    const { journal } = options
    if (journal === undefined) return
    journal.onDurable = (count) => this.input({ kind: 'journalled', nowMs: this.world.nowMs(), count })
    journal.onFailed = (cause) => {
      this.input({ kind: 'journal-failed', nowMs: this.world.nowMs(), cause })
      options.events.journalFailed(cause as OncewireError)
    }
  }

  start(): void {
    this.input({ kind: 'started', nowMs: this.world.nowMs() })
  }

  call(spec: CallSpec): void {
    this.input({ kind: 'called', nowMs: this.world.nowMs(), spec })
  }

  cancel(call: number): void {
    this.input({ kind: 'cancelled', nowMs: this.world.nowMs(), call })
  }

  /** A run waits again for a call that an earlier process began. */
  claimStep(step: StepName, deadlineAtMs: number): void {
    this.input({ kind: 'claimed', nowMs: this.world.nowMs(), step, deadlineAtMs })
  }

  cancelStep(step: StepName): void {
    this.input({ kind: 'step-cancelled', nowMs: this.world.nowMs(), step })
  }

  beginLocal(step: StepName, name: string): void {
    this.input({ kind: 'local-begun', nowMs: this.world.nowMs(), step, name })
  }

  endLocal(step: StepName, outcome: StepOutcome): void {
    this.input({ kind: 'local-ended', nowMs: this.world.nowMs(), step, outcome })
  }

  forgetRun(run: string): void {
    this.input({ kind: 'run-forgotten', nowMs: this.world.nowMs(), run })
  }

  handedOver(number: number): void {
    this.input({ kind: 'handed-over', nowMs: this.world.nowMs(), number })
  }

  close(drainMs: number): void {
    const nowMs = this.world.nowMs()
    this.input({ kind: 'closing', nowMs, closeAtMs: nowMs + drainMs })
  }

  private input(input: ClientInput): void {
    if (this.isStepping) {
      this.waiting.push(input)
      return
    }
    this.isStepping = true
    try {
      for (let next: ClientInput | undefined = input; next !== undefined; next = this.waiting.shift()) {
        for (const output of this.machine.step(next)) this.carryOut(output)
        this.tellStalled()
      }
    } finally {
      this.isStepping = false
    }
  }

  private carryOut(output: ClientOutput): void {
    const { events } = this.options
    switch (output.kind) {
      case 'send':
        // Crash point client:before-send-{output.frame.kind}
        return this.link?.send(output.frame)
      case 'settled':
        // Crash point client:before-settled
        return events.settled(output.call, output.settlement, output.identity)
      case 'wake':
        return this.wake(output.atMs)
      case 'append':
        assert(this.options.journal !== undefined, 'an entry for a journal that is not there')
        // Crash point client:before-journal-{output.entry.kind}
        return this.options.journal.append(output.entry)
      case 'dial':
        // Crash point client:before-dial
        return void this.dial()
      case 'hang-up':
        return this.link?.close()
      case 'resolved':
        // Crash point client:before-resolved
        return events.resolved(output.call, output.executed)
      case 'recovered':
        // Crash point client:before-recovered
        return events.recovered(output)
      case 'step-ended':
        // Crash point client:before-step-ended
        return events.stepEnded(output)
      case 'step-resolved':
        return events.stepResolved(output)
      case 'all-recovered':
        return events.allRecovered()
      case 'ready':
        return events.ready()
      case 'refused':
        return events.refused(output)
      case 'closed':
        return this.closed()
      default:
        return unreachable(output)
    }
  }

  /** What the connection cannot take need not be sent again. */
  private tellStalled(): void {
    const isStalled = this.link?.isStalled ?? false
    if (isStalled === this.isStalled) return
    this.isStalled = isStalled
    this.input({ kind: 'stalled', nowMs: this.world.nowMs(), isStalled })
  }

  private wake(atMs: number): void {
    this.takeBackWake?.()
    this.takeBackWake = undefined
    if (atMs === Infinity) return
    this.takeBackWake = this.world.wakeAt(atMs, () => {
      this.takeBackWake = undefined
      this.input({ kind: 'woke', nowMs: this.world.nowMs() })
    })
  }

  private async dial(): Promise<void> {
    let isOver = false
    const owner: ConnectionOwner = {
      received: (body) => {
        const frame = decodeFrame(body)
        // Crash point client:after-receiving-{frame.kind}
        this.input({ kind: 'received', nowMs: this.world.nowMs(), frame })
      },
      drained: () => {
        this.link?.drained()
        this.tellStalled()
      },
      closed: (error) => {
        if (isOver) return
        isOver = true
        this.disconnected(error)
      },
    }
    try {
      const link = new FrameLink(await this.options.dial(owner))
      if (isOver) return
      if (this.isClosed) return link.close()
      // Crash point client:after-connecting
      this.link = link
      this.input({ kind: 'connected', nowMs: this.world.nowMs(), endpoint: this.options.endpoint() })
    } catch (error) {
      if (!isOver) this.disconnected(error as OncewireError)
    }
  }

  private disconnected(cause: unknown): void {
    this.link = undefined
    this.options.events.disconnected(cause)
    this.input({ kind: 'disconnected', nowMs: this.world.nowMs(), cause })
  }

  private closed(): void {
    this.isClosed = true
    this.wake(Infinity)
    this.link?.close()
    this.link = undefined
    this.options.events.closed()
  }
}
