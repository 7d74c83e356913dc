/**
 * A network that loses, repeats, delays, reorders, damages and cuts, as a seed decides; connections end at processes.
 *
 * Invariant: what is sent is copied at once; it arrives in a later event, at a process that lives, or never.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { AssertionFailed } from '../std/assert.ts'
import { ByteWriter } from '../std/bytes.ts'
import type { Connection, ConnectionOwner } from '../transport/transport.ts'
import type { Clock, Process } from './clock.ts'
import type { Faults } from './faults.ts'

type Accept = (connection: Connection) => ConnectionOwner

/** Late copies are at most so late, in milliseconds of the world. */
export const lateMsMax = 120_000

export class Network {
  /** Is shown every frame that leaves. */
  tap: (from: Process, to: Process, bytes: Uint8Array) => void = () => {}
  private readonly clock: Clock
  private readonly faults: Faults
  private readonly listening = new Map<string, { readonly process: Process; readonly accept: Accept }>()
  private readonly open = new Set<SimConnection>()
  /** Until when nothing passes between two names. */
  private readonly partitions = new Map<string, number>()

  constructor(clock: Clock, faults: Faults) {
    this.clock = clock
    this.faults = faults
  }

  listen(process: Process, accept: Accept): void {
    this.listening.set(process.name, { process, accept })
  }

  async connect(from: Process, to: string, owner: ConnectionOwner): Promise<Connection> {
    await new Promise<void>((resolve) => this.clock.after(this.clock.between(0.2, 3), () => from.within(resolve)))
    const there = this.listening.get(to)
    if (there === undefined || there.process.isDead || this.isParted(from.name, to) || this.faults.strikes('refused')) {
      throw new OncewireError('unavailable', 'never', `nobody answers at ${to}`)
    }
    const client = new SimConnection(this, from, there.process)
    const server = new SimConnection(this, there.process, from)
    client.join(server)
    client.owner = owner
    server.owner = there.accept(server)
    for (const end of [client, server]) this.open.add(end)
    return client
  }

  /** Nothing passes between the two for a while; neither hears of it. */
  part(one: string, other: string, ms: number): void {
    this.partitions.set(pair(one, other), this.clock.nowMs + ms)
    this.clock.note(() => `${one} and ${other} do not reach each other for ${Math.round(ms)} ms`)
  }

  heal(): void {
    this.partitions.clear()
  }

  /** Ends what the process had open; the other end hears of it a little later, or, half open, never. */
  processDied(process: Process): void {
    for (const end of this.open) if (end.process === process) end.shut(undefined)
  }

  /** One end of some connection stops hearing the other, and is told nothing. */
  halfOpen(): void {
    const ends = [...this.open]
    if (ends.length === 0) return
    const end = this.clock.pick(ends)
    end.isDeaf = true
    this.clock.note(() => `${end.process.name} hears no more of ${end.peer} on this connection, and is not told`)
  }

  ended(end: SimConnection): void {
    this.open.delete(end)
  }

  carry(from: SimConnection, bytes: Uint8Array): void {
    const { clock, faults } = this
    const to = from.other
    if (to === undefined || from.process.isDead) return
    this.tap(from.process, to.process, bytes)
    if (faults.strikes('late')) {
      const [one, other] = [from.process.name, to.process.name]
      clock.after(clock.between(1_000, lateMsMax), () => this.deliverLate(one, other, bytes))
    }
    if (faults.strikes('lost') || this.isParted(from.process.name, to.process.name)) return
    const copies = faults.strikes('repeated') ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = clock.between(0.1, 2) + (faults.strikes('delayed') ? clock.between(10, 3_000) : 0)
      const atMs = clock.nowMs + delayMs
      const isInOrder = copy === 0 && !faults.strikes('reordered')
      to.arriveMs = isInOrder ? Math.max(atMs, to.arriveMs) : to.arriveMs
      const arriving = faults.strikes('corrupted') ? bytes.slice(0, bytes.length >> 1) : bytes
      clock.at(isInOrder ? to.arriveMs : atMs, () => to.arrive(arriving))
    }
    if (faults.strikes('cut')) clock.after(clock.between(0, 2), () => from.shut(undefined))
  }

  private deliverLate(from: string, to: string, bytes: Uint8Array): void {
    for (const end of this.open) {
      if (end.process.name === to && end.other?.process.name === from) return end.arrive(bytes)
    }
  }

  private isParted(one: string, other: string): boolean {
    return this.partitions.size > 0 && (this.partitions.get(pair(one, other)) ?? 0) > this.clock.nowMs
  }

  /** A little later, in a process. */
  soon(process: Process, act: () => void): void {
    this.clock.after(this.clock.between(0.05, 1), () => process.within(act))
  }
}

const pair = (one: string, other: string): string => [one, other].toSorted().join(' ')

class SimConnection implements Connection {
  readonly process: Process
  readonly peer: string
  readonly isFull = false
  other: SimConnection | undefined
  owner: ConnectionOwner | undefined
  /** When what was sent last in order arrives. */
  arriveMs = 0
  isDeaf = false
  private isClosed = false
  private readonly network: Network
  private readonly out = new ByteWriter(256)

  constructor(network: Network, process: Process, peer: Process) {
    this.network = network
    this.process = process
    this.peer = peer.name
  }

  join(other: SimConnection): void {
    this.other = other
    other.other = this
  }

  get isOpen(): boolean {
    return !this.isClosed
  }

  begin(): ByteWriter {
    this.out.position = 0
    return this.out
  }

  end(): void {
    if (!this.isClosed) this.network.carry(this, this.out.slice())
  }

  close(): void {
    this.shut(undefined)
  }

  arrive(bytes: Uint8Array): void {
    this.process.within(() => {
      if (this.isClosed || this.isDeaf) return
      try {
        // The driver may keep no view of it.
        this.owner?.received(bytes.slice())
      } catch (error) {
        if (error instanceof AssertionFailed || !(error instanceof OncewireError)) throw error
        this.shut(error)
      }
    })
  }

  shut(error: Error | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    this.network.ended(this)
    const { owner, other, network } = this
    network.soon(this.process, () => owner?.closed(error))
    if (other !== undefined && !other.isDeaf) network.soon(other.process, () => other.shut(undefined))
  }
}
