/**
 * How many effects are under way, and how long they stay so: the time in which a crash leaves a question.
 *
 * Invariant: counts what happened; nothing is decided by it.
 */

/** Effects outside the database, from the durable intent to the durable completion of each. */
export interface EffectWindows {
  /** Under way now. */
  readonly open: number
  /** That ended since the server started. */
  readonly ended: number
  readonly sumMs: number
  readonly maxMs: number
  /** Whose `perform` failed in a way that says nothing of the effect. */
  readonly failed: number
  /** Of those that an earlier life of this server left open. */
  readonly reconciled: { readonly never: number; readonly once: number; readonly unknown: number }
}

export class Windows {
  private readonly nowMs: () => number
  private open = 0
  private ended = 0
  private sumMs = 0
  private maxMs = 0
  private failed = 0
  private readonly reconciled = { never: 0, once: 0, unknown: 0 }

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  /** An intent is durable. Answers what tells its end. */
  opened(): { completed(): void; failed(): void } {
    const fromMs = this.nowMs()
    this.open++
    return {
      completed: () => {
        const lastedMs = this.nowMs() - fromMs
        this.open--
        this.ended++
        this.sumMs += lastedMs
        this.maxMs = Math.max(this.maxMs, lastedMs)
      },
      failed: () => {
        this.open--
        this.failed++
      },
    }
  }

  found(executed: keyof EffectWindows['reconciled']): void {
    this.reconciled[executed]++
  }

  get figures(): EffectWindows {
    const { open, ended, sumMs, maxMs, failed, reconciled } = this
    return { open, ended, sumMs, maxMs, failed, reconciled: { ...reconciled } }
  }
}
