/**
 * What peers do wrong, for the log: a hostile one shall not fill the disk.
 *
 * Invariant: at most `linesMax` lines a second; those left out are counted in the next one.
 */
import type { World } from './world.ts'

export type Log = (message: string, error: unknown) => void

const linesMax = 10
const secondMs = 1000

/** Passes on what fits. */
export function peerLog(log: Log, world: Pick<World, 'nowMs'>): Log {
  let second = -Infinity
  let lines = 0
  let leftOut = 0
  return (message, error) => {
    const now = Math.floor(world.nowMs() / secondMs)
    if (now !== second) {
      second = now
      lines = 0
    }
    if (++lines > linesMax) {
      leftOut++
      return
    }
    const more = leftOut === 0 ? '' : ` (before it ${leftOut} more of this kind, not shown)`
    leftOut = 0
    log(message + more, error)
  }
}
