/**
 * Whether the other end still lives: PING after silence, and the connection is given up when two stay unanswered
 * (protocol section 4).
 *
 * Invariant: a connection on which nothing is open is left alone.
 */
const unansweredMax = 2

export class PeerWatch {
  /** When to look again; Infinity: nothing is watched. */
  atMs: number = Infinity
  /** Sent since something was heard; the last one's nonce. */
  pings = 0
  private readonly pingMs: number
  private heardMs = 0

  constructor(pingMs: number) {
    this.pingMs = pingMs
  }

  /** Something came, or the connection is new. */
  heard(nowMs: number): void {
    this.heardMs = nowMs
    this.pings = 0
  }

  look(nowMs: number, isWatched: boolean): 'fine' | 'ping' | 'hang-up' {
    if (!isWatched) {
      this.atMs = Infinity
      return 'fine'
    }
    this.atMs = this.heardMs + this.pingMs * (this.pings + 1)
    if (this.atMs > nowMs) return 'fine'
    if (this.pings >= unansweredMax) {
      this.heard(nowMs)
      this.atMs = Infinity
      return 'hang-up'
    }
    this.pings++
    this.atMs = nowMs + this.pingMs
    return 'ping'
  }
}
