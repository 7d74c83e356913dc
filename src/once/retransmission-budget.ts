/**
 * How many retransmissions a client may make (protocol section 4): so few that they cannot multiply an overload.
 *
 * Invariant: in any ten seconds at most a tenth as many as calls were begun in them, but always twenty. What goes out
 * again on a new connection is not counted: the server has forgotten nothing, and nobody else asked for it.
 */

const bucketMs = 1000
const bucketCount = 10
const always = 20
const share = 0.1

interface Bucket {
  second: number
  calls: number
  retransmissions: number
}

export class RetransmissionBudget {
  private readonly buckets: Bucket[] = Array.from({ length: bucketCount }, () => ({
    second: -1,
    calls: 0,
    retransmissions: 0,
  }))

  /** A call goes out for the first time. */
  begun(nowMs: number): void {
    this.bucketAt(nowMs).calls++
  }

  /** Whether one may go out again now; then it counts. */
  take(nowMs: number): boolean {
    const second = Math.floor(nowMs / bucketMs)
    let calls = 0
    let retransmissions = 0
    for (const bucket of this.buckets) {
      if (bucket.second <= second - bucketCount) continue
      calls += bucket.calls
      retransmissions += bucket.retransmissions
    }
    // Rule 4 (budget)
    if (retransmissions >= Math.max(always, calls * share)) return false
    this.bucketAt(nowMs).retransmissions++
    return true
  }

  private bucketAt(nowMs: number): Bucket {
    const second = Math.floor(nowMs / bucketMs)
    const bucket = this.buckets[second % bucketCount] as Bucket
    if (bucket.second === second) return bucket
    bucket.second = second
    bucket.calls = 0
    bucket.retransmissions = 0
    return bucket
  }
}
