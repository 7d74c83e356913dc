/**
 * Advisory locks of a simulated PostgreSQL, and the queues in front of them.
 *
 * Invariant: granted in the order in which they were asked for, unless both are shared; a transaction asks for one lock in
 * one mode only (PostgreSQL lets it do otherwise, and ours never does: it is refused here).
 */
import type { Backend } from './backend.ts'

export type AdvisoryMode = 'exclusive' | 'shared'

interface Holder {
  readonly backend: Backend
  readonly mode: AdvisoryMode
  /** Of the session: no end of a transaction releases it. */
  readonly isOfSession: boolean
}

type Asking = Pick<Holder, 'backend' | 'mode'>

export class AdvisoryLock {
  holders: Holder[] = []
  queue: Asking[] = []

  /** Who must end or wait no more before `asking` can be granted. */
  blockersOf(asking: Asking): Backend[] {
    const { backend, mode } = asking
    const blockers: Backend[] = []
    const conflicts = (other: Asking): boolean =>
      other.backend !== backend && (mode === 'exclusive' || other.mode === 'exclusive')
    for (const holder of this.holders) {
      if (holder.backend === backend && holder.mode !== mode) throw new TypeError('one lock is asked for in two modes')
      if (holder.backend === backend) return []
      if (conflicts(holder)) blockers.push(holder.backend)
    }
    for (const other of this.queue) {
      if (other === asking) break
      if (conflicts(other)) blockers.push(other.backend)
    }
    return blockers
  }

  /** Breaks a cycle of waits as PostgreSQL does: who waits only because others came first goes before them. */
  goesFirst(backend: Backend): boolean {
    const mine = this.queue.findIndex((one) => one.backend === backend)
    const asking = this.queue[mine]
    if (asking === undefined || mine === 0) return false
    const isHeld = this.holders.some(
      (holder) => holder.backend !== backend && (asking.mode === 'exclusive' || holder.mode === 'exclusive'),
    )
    if (isHeld) return false
    this.queue.splice(mine, 1)
    this.queue.unshift(asking)
    return true
  }
}

export class AdvisoryLocks {
  private readonly locks = new Map<string, AdvisoryLock>()

  get(key: string): AdvisoryLock {
    let lock = this.locks.get(key)
    if (lock === undefined) {
      lock = new AdvisoryLock()
      this.locks.set(key, lock)
    }
    return lock
  }

  /** Answers what releases it. */
  grant(key: string, holder: Holder): () => void {
    const lock = this.get(key)
    lock.holders.push(holder)
    return () => {
      lock.holders = lock.holders.filter((one) => one !== holder)
      if (lock.holders.length === 0 && lock.queue.length === 0) this.locks.delete(key)
    }
  }

  all(): Iterable<AdvisoryLock> {
    return this.locks.values()
  }
}
