/**
 * Hands the outcomes of a resumable run over in the order of its journal (protocol section 4): one a turn of the loop,
 * each only after every step begun before it in the journal has been asked for again.
 *
 * Invariant: a function that asks for its next step only when a step has ended asks for the same steps in the same order,
 * whichever of them were fast the first time.
 */
import type { RunEvent } from '../once/journal.ts'

export type Shown = Exclude<RunEvent, { kind: 'begun' }>

export class RunOrder {
  /** How many steps the function has asked for. */
  askedCount = 0
  /** Handed over, or passed by, up to here. */
  private at = 0
  private isHandingOver = false
  private readonly events: RunEvent[]
  private readonly show: (event: Shown) => void
  private readonly nextTurn: () => Promise<void>

  /** `events`: what an earlier try left. */
  constructor(
    events: readonly RunEvent[],
    { show, nextTurn }: { readonly show: (event: Shown) => void; readonly nextTurn: () => Promise<void> },
  ) {
    this.events = [...events]
    this.show = show
    this.nextTurn = nextTurn
  }

  /** The step that an earlier try began and that has not been asked for again, though outcomes wait behind it. */
  get missing(): Extract<RunEvent, { kind: 'begun' }> | undefined {
    const event = this.events[this.at]
    return event?.kind === 'begun' && event.step >= this.askedCount ? event : undefined
  }

  /** What an earlier try began as that step. */
  begun(step: number): Extract<RunEvent, { kind: 'begun' }> | undefined {
    return this.events.find(
      (event): event is Extract<RunEvent, { kind: 'begun' }> => event.kind === 'begun' && event.step === step,
    )
  }

  /** Whether an earlier try was shown the step's end. */
  hasEnded(step: number): boolean {
    return this.events.some((event) => event.kind === 'ended' && event.step === step)
  }

  /** The function asks for its next step. */
  ask(): number {
    const step = this.askedCount++
    void this.handOver()
    return step
  }

  /** Something that has just become durable. */
  push(event: Shown): void {
    this.events.push(event)
    void this.handOver()
  }

  private async handOver(): Promise<void> {
    if (this.isHandingOver) return
    this.isHandingOver = true
    // Whoever asked or pushed finishes first.
    await this.nextTurn()
    for (let event = this.events[this.at]; event !== undefined; event = this.events[this.at]) {
      if (event.step >= this.askedCount) break
      this.at++
      if (event.kind === 'begun') continue
      this.show(event)
      // What the function does now, it does before it sees anything else.
      await this.nextTurn()
      await this.nextTurn()
    }
    this.isHandingOver = false
  }
}
