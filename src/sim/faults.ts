/**
 * Everything that goes wrong in a simulated world, each with a name and a rate (protocol section 8).
 *
 * Invariant: a fault that is not counted did not happen.
 */
import type { Clock } from './clock.ts'

/** Highest rates: of a frame where that is all, else of a second of the world. A seed takes some share of each (swarm). */
export const faultRates = {
  // The network, for each frame.
  lost: 0.15,
  repeated: 0.15,
  reordered: 0.2,
  delayed: 0.1,
  /** A copy that arrives much later, on whatever connection there is then. */
  late: 0.08,
  corrupted: 0.01,
  cut: 0.03,
  refused: 0.2,
  // The network, for each second.
  'half-open': 0.1,
  partition: 0.1,
  // Processes, for each second.
  'server-killed': 0.15,
  'client-killed': 0.15,
  'both-killed': 0.05,
  paused: 0.1,
  'date-stepped': 0.05,
  // The server's disk, for each transaction.
  'killed-in-transaction': 0.01,
  'killed-after-commit': 0.01,
  'commit-failed': 0.01,
  'commit-unheard': 0.01,
  // A database server: for each statement, each connection that ends, and each second.
  'connection-cut': 0.004,
  'backend-killed': 0.004,
  serialization: 0.01,
  'database-slow': 0.02,
  'disconnect-unheard': 0.5,
  'database-crashed': 0.05,
  // The client's disk, for each group of entries, and for each death.
  'journal-slow': 0.05,
  'journal-full': 0.005,
  'journal-torn': 0.5,
  'journal-restored': 0.03,
  'journal-copied': 0.02,
  // Callers, for each call.
  impatient: 0.2,
  cancelled: 0.05,
} as const

export type Fault = keyof typeof faultRates
export const faultNames = Object.keys(faultRates) as readonly Fault[]

export class Faults {
  /** How often each happened. */
  readonly counts: Partial<Record<Fault, number>> = {}
  isOff = false
  private readonly clock: Clock
  private readonly rates: ReadonlyMap<Fault, number>

  /** `only`: no others. */
  constructor(clock: Clock, only: readonly Fault[] | undefined) {
    this.clock = clock
    // A seed has some faults and not others, rare or often: mixtures reach what an average never does.
    this.rates = new Map(
      faultNames.flatMap((name) => {
        const isOn = clock.chance(0.6)
        const share = clock.random()
        return isOn && (only === undefined || only.includes(name)) ? [[name, faultRates[name] * share]] : []
      }),
    )
  }

  /** Whether this one strikes here, `times` its rate. */
  strikes(fault: Fault, times = 1): boolean {
    if (this.isOff || !this.clock.chance((this.rates.get(fault) ?? 0) * times)) return false
    this.counts[fault] = (this.counts[fault] ?? 0) + 1
    this.clock.note(() => `  ! ${fault}`)
    return true
  }
}
