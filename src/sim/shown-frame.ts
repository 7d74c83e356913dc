/**
 * A frame in the trace of a world, for who looks for a fault: which call, which try of it, and what was said of it.
 */
import { epochStride, type Frame, noSession } from '../once/frame.ts'

/** `CALL Bank.move 9f3a:e1#4 exactly-once, attempt 2, done below e1#3` */
export function shownFrame(frame: Frame): string {
  const what = frame.kind.toUpperCase()
  switch (frame.kind) {
    case 'hello': {
      const resumed = frame.resume === undefined ? 'a new one' : `resumes ${short(frame.resume)}`
      return `${what} ${frame.session} session, ${resumed}, epoch ${frame.epoch}, holds up to ${number(frame.highest)}`
    }
    case 'welcome':
      return `${what} ${frame.session} session ${short(frame.id)}, epoch ${frame.epoch}`
    case 'call': {
      const key = frame.idempotencyKey === undefined ? '' : `, key ${frame.idempotencyKey}`
      return `${what} ${frame.method} ${xid(frame)} ${frame.delivery}, attempt ${frame.attempt}${key}, done below ${number(frame.firstUnacked)}`
    }
    case 'reply': {
      const { outcome } = frame
      const said = outcome.kind === 'failure' ? `${outcome.code} (${outcome.executed})` : outcome.kind
      return `${what} ${xid(frame)} ${frame.isReplay ? 'replays' : 'says'} ${said}`
    }
    case 'refused':
      return frame.of === 'hello'
        ? `${what} HELLO, ${frame.sessionKind} session: ${frame.code}`
        : `${what} ${xid(frame)}: ${frame.code}`
    case 'resolve':
      return `${what} ${xid(frame)}: what became of it?`
    case 'ack':
      return `${what} ${short(frame.session)}: done below ${number(frame.firstUnacked)}`
    default:
      return 'session' in frame ? `${what} ${short(frame.session)}` : what
  }
}

const xid = (frame: { readonly session: string; readonly number: number }): string =>
  `${short(frame.session)}:${number(frame.number)}`

/** Sessions are told apart by their first digits; of no session at all, by nothing. */
const short = (session: string): string => (session === noSession ? '' : session.slice(0, 4))

/** `e2#5`: the fifth of the second epoch. */
function number(n: number): string {
  const epoch = Math.floor(n / epochStride)
  return epoch === 0 ? `#${n}` : `e${epoch}#${n % epochStride}`
}
