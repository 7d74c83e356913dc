/**
 * What happened to one call, as the link, the processes and the parent saw it, in the order of one clock.
 *
 * Invariant: events carry the monotonic time of the machine, taken where they happened; a process that tells late of
 * something does not change when it was.
 */
import type { Fate, SeenFrame } from '../link/link.ts'

export type Event =
  | { readonly kind: 'frame'; readonly frame: SeenFrame; readonly fate: Fate }
  /** A copy that the link had kept is delivered. */
  | { readonly kind: 'late' }
  /** The handler has made its debit; whether that is committed is another matter. */
  | { readonly kind: 'ran' }
  | { readonly kind: 'mark'; readonly side: 'client' | 'server'; readonly text: string; readonly isKill: boolean }

export interface Moment {
  readonly atNs: bigint
  readonly event: Event
}

export class Timeline {
  private readonly seen: Moment[] = []
  private readonly waiting = new Set<() => void>()

  add(event: Event, atNs: bigint = process.hrtime.bigint()): void {
    this.seen.push({ event, atNs })
    for (const look of this.waiting) look()
  }

  mark(side: 'client' | 'server', text: string, atNs?: bigint): void {
    this.add({ kind: 'mark', side, text, isKill: text === 'kill -9' }, atNs)
  }

  /** In the order in which they happened. */
  get moments(): readonly Moment[] {
    return this.seen.toSorted((a, b) => Number(a.atNs - b.atNs))
  }

  /** How many events so far are as described. */
  count(isWanted: (event: Event) => boolean): number {
    return this.seen.filter(({ event }) => isWanted(event)).length
  }

  /** Resolves as soon as it is so. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    })
  }
}
