/**
 * Calls on one object take turns on this server, in the order in which they came (protocol section 2, `key`).
 *
 * Invariant: while a call that is to be alone runs, no other on its object does. Nothing is kept of an object on which
 * nothing runs.
 */
import type { Turn } from '../rpc/object-key.ts'
import { assert } from '../std/assert.ts'

interface Waiting {
  readonly turn: Turn
  readonly start: () => void
}

interface Queue {
  /** Of those that run now. */
  turn: Turn
  running: number
  readonly waiting: Waiting[]
}

export class TurnQueue {
  private readonly queues = new Map<string, Queue>()

  /** Calls `start` when its turn has come, perhaps at once; `leave` follows when the call has ended. */
  enter(object: string, turn: Turn, start: () => void): void {
    const queue = this.queues.get(object)
    if (queue === undefined) {
      this.queues.set(object, { turn, running: 1, waiting: [] })
      return start()
    }
    // Rule 2 (turns): in order, also behind those that still wait.
    if (queue.waiting.length > 0 || !isTogether(queue, turn)) return void queue.waiting.push({ turn, start })
    queue.running++
    start()
  }

  leave(object: string): void {
    const queue = this.queues.get(object)
    assert(queue !== undefined && queue.running > 0, 'a call left an object on which nothing runs')
    queue.running--
    this.startNext(object, queue)
  }

  private startNext(object: string, queue: Queue): void {
    for (let next = queue.waiting[0]; next !== undefined; next = queue.waiting[0]) {
      if (queue.running > 0 && !isTogether(queue, next.turn)) return
      queue.waiting.shift()
      queue.turn = next.turn
      queue.running++
      next.start()
    }
    if (queue.running === 0) this.queues.delete(object)
  }
}

function isTogether(queue: Queue, turn: Turn): boolean {
  return queue.turn === 'together' && turn === 'together'
}
