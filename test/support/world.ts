/**
 * A small world for the two machines: a network that loses, repeats, delays and reorders frames (also onto other
 * connections), servers and clients that crash, a journal that loses what was not synced. One seed decides everything.
 */
import type { ClientInput, ClientOptions, Settlement } from '../../src/once/client-io.ts'
import { ClientMachine } from '../../src/once/client.ts'
import { decodeFrame, encodeFrame } from '../../src/once/frame-bytes.ts'
import type { Delivery, Frame } from '../../src/once/frame.ts'
import type { JournalEntry } from '../../src/once/journal.ts'
import type { Outcome } from '../../src/once/outcome.ts'
import type { ServerInput } from '../../src/once/server-io.ts'
import { ServerMachine } from '../../src/once/server.ts'
import { MemoryJournal } from '../../src/journal/memory-journal.ts'
import { memoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts'
import { ByteWriter } from '../../src/std/bytes.ts'
import { seededRandom } from '../../src/std/prng.ts'

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const bytes = (word: string): Uint8Array => Uint8Array.from(word, (char) => char.charCodeAt(0))

/** Stands for a hash, in this world without collisions. */
const padded = (payload: Uint8Array): Uint8Array => {
  const digest = new Uint8Array(32)
  digest.set(payload)
  return digest
}

/** What the application wanted, and what it was told. */
export interface WorldCall {
  readonly tag: string
  readonly delivery: Delivery
  readonly told: string[]
  resolved: string | undefined
  /** Its process crashed before it settled. */
  isOrphan: boolean
}

interface Wire {
  readonly to: 'server' | 'client'
  readonly client: number
  /** Connection on which it was sent. */
  readonly connection: number
  readonly bytes: Uint8Array
}

interface Client {
  machine: ClientMachine
  journal: MemoryJournal | undefined
  connection: number
  isUp: boolean
  wantsDial: boolean
  /** Everything that its journal held open has ended. */
  isRecovered: boolean
  readonly pending: Map<number, WorldCall>
  nextCall: number
}

export interface WorldOptions {
  readonly seed: number
  readonly clients: number
  readonly calls: number
  readonly steps: number
  readonly hasJournal: boolean
  readonly crashes: boolean
}

export class World {
  readonly calls: WorldCall[] = []
  readonly effects = new Map<string, number>()
  readonly ledger: MemoryLedger = memoryLedger()
  readonly trace: string[] = []
  private readonly options: WorldOptions
  private readonly random: () => number
  private nowMs = 1000
  private server: ServerMachine
  private serverLife = 1
  private readonly peers = new Map<number, number>()
  private readonly clients: Client[] = []
  private wires: Wire[] = []
  private lastConnection = 0
  private made = 0
  private fresh = 0
  private isFaulty = true

  constructor(options: WorldOptions) {
    this.options = options
    this.random = seededRandom(options.seed)
    this.server = this.startServer()
    for (let i = 0; i < options.clients; i++) this.startClient(i, [])
  }

  /** Faults for a while, then none until everything has ended. */
  async play(): Promise<void> {
    for (let step = 0; step < this.options.steps; step++) await this.step()
    this.isFaulty = false
    for (let step = 0; step < 4000 && !this.isQuiet; step++) await this.step()
  }

  get isQuiet(): boolean {
    const isTold = this.calls.every((call) => call.told.length > 0 || call.isOrphan)
    const isRecovered = this.clients.every((client) => client.isRecovered)
    return isTold && isRecovered && this.wires.length === 0 && this.made >= this.options.calls
  }

  get entryCount(): number {
    return this.server.entryCount
  }

  private get isLucky(): boolean {
    return !this.isFaulty
  }

  private chance(rate: number): boolean {
    return this.random() < rate
  }

  private note(line: string): void {
    this.trace.push(`${this.nowMs.toFixed(0)} ${line}`)
  }

  private async step(): Promise<void> {
    this.nowMs += this.chance(0.2) ? this.random() * 400 : this.random() * 5
    for (const [i, client] of this.clients.entries()) {
      if (client.wantsDial) this.dial(client)
      if (this.made < this.options.calls && this.chance(0.1)) this.call(i)
      if (client.journal !== undefined && this.chance(0.5)) client.journal.sync()
      this.feed(i, { kind: 'woke', nowMs: this.nowMs })
      if (this.isFaulty && this.chance(0.02)) this.cut(i)
      if (this.isFaulty && this.options.crashes && this.chance(0.01)) this.crashClient(i)
    }
    if (this.isFaulty && this.options.crashes && this.chance(0.01)) this.crashServer()
    this.carry()
    await new Promise((resolve) => setImmediate(resolve))
  }

  private carry(): void {
    const count = this.isLucky ? this.wires.length : Math.ceil(this.wires.length * this.random())
    for (let n = 0; n < count; n++) {
      const at = this.isLucky ? 0 : Math.floor(this.random() * this.wires.length)
      const [wire] = this.wires.splice(at, 1)
      if (wire === undefined) return
      if (this.isFaulty && this.chance(0.1)) this.note(`lost ${decodeFrame(wire.bytes).kind}`)
      else {
        if (this.isFaulty && this.chance(0.1)) this.wires.push(wire) // a copy, for later, perhaps much later
        this.deliver(wire)
      }
    }
  }

  private deliver(wire: Wire): void {
    const frame = decodeFrame(wire.bytes)
    const client = this.clients[wire.client] as Client
    if (wire.to === 'client') {
      if (client.isUp) this.feed(wire.client, { kind: 'received', nowMs: this.nowMs, frame })
      return
    }
    // Old copies arrive on whatever connection there is; HELLO belongs to its own.
    if (frame.kind === 'hello' && wire.connection !== client.connection) return
    if (!client.isUp) return
    const peer = client.connection
    if (!this.peers.has(peer)) {
      this.peers.set(peer, wire.client)
      this.serve({ kind: 'connected', peer })
    }
    const nowMs = this.nowMs
    if (frame.kind === 'call')
      this.serve({
        kind: 'call',
        peer,
        nowMs,
        frame,
        method: { kind: 'served', delivery: frame.delivery, isOneway: frame.isOneway },
      })
    else if (frame.kind === 'hello') this.serve({ kind: 'hello', peer, nowMs, frame, principal: '' })
    else this.serve({ kind: 'received', peer, nowMs, frame })
  }

  // --- clients

  private startClient(index: number, entries: readonly JournalEntry[]): Client {
    const journal = this.options.hasJournal ? new MemoryJournal(entries) : undefined
    const options: ClientOptions = {
      attemptMs: 100,
      attemptMsMax: 2000,
      pingMs: 500,
      queuedMax: 1000,
      replayMs: 1e9,
      token: '',
      instance: `${(++this.fresh).toString(16).padStart(16, '0')}`,
      random: this.random,
      fingerprints: ({ payload }) => ({ xid: padded(payload), key: padded(payload) }),
      journal: journal?.state,
    }
    const client: Client = {
      machine: new ClientMachine(options),
      journal,
      connection: 0,
      isUp: false,
      wantsDial: false,
      isRecovered: journal === undefined,
      pending: new Map(),
      nextCall: 0,
    }
    this.clients[index] = client
    if (journal !== undefined) {
      journal.onDurable = (count) => {
        if (this.clients[index] === client) this.feed(index, { kind: 'journalled', nowMs: this.nowMs, count })
      }
    }
    this.feed(index, { kind: 'started', nowMs: this.nowMs })
    return client
  }

  private call(index: number): void {
    const client = this.clients[index] as Client
    const delivery = (['at-least-once', 'at-most-once', 'exactly-once', 'exactly-once'] as const)[
      Math.floor(this.random() * 4)
    ] as Delivery
    const tag = `${delivery}#${++this.made}`
    const call: WorldCall = { tag, delivery, told: [], resolved: undefined, isOrphan: false }
    this.calls.push(call)
    const number = client.nextCall++
    client.pending.set(number, call)
    this.note(`client ${index} calls ${tag}`)
    this.feed(index, {
      kind: 'called',
      nowMs: this.nowMs,
      spec: {
        call: number,
        method: 'World.act',
        delivery,
        isOneway: false,
        payload: bytes(tag),
        deadlineAtMs: this.nowMs + (this.chance(0.3) ? 150 : 1e9),
        idempotencyKey: undefined,
        headers: undefined,
      },
    })
  }

  private feed(index: number, input: ClientInput): void {
    const client = this.clients[index] as Client
    for (const output of client.machine.step(input)) {
      switch (output.kind) {
        case 'send':
          this.send({ to: 'server', client: index, connection: client.connection }, output.frame)
          break
        case 'dial':
          client.wantsDial = true
          break
        case 'hang-up':
          this.cut(index)
          break
        case 'all-recovered':
          client.isRecovered = true
          break
        case 'append':
          client.journal?.append(output.entry)
          break
        case 'settled':
          this.told(client.pending.get(output.call), output.settlement)
          break
        case 'resolved': {
          const call = client.pending.get(output.call)
          if (call !== undefined) call.resolved = output.executed
          break
        }
        case 'recovered': {
          const tag = text(output.begun.payload)
          this.told(
            this.calls.find((call) => call.tag === tag),
            output.settlement,
          )
          client.journal?.append({ kind: 'handed-over', number: output.number })
          break
        }
        default:
      }
    }
  }

  private told(call: WorldCall | undefined, settlement: Settlement): void {
    if (call === undefined) return
    const word =
      settlement.kind === 'failed'
        ? settlement.executed
        : settlement.outcome.kind === 'failure'
          ? settlement.outcome.executed
          : 'ok'
    this.note(`${call.tag} told ${word}${settlement.kind === 'failed' ? ` (${settlement.code})` : ''}`)
    call.told.push(word)
  }

  private dial(client: Client): void {
    client.wantsDial = false
    client.connection = ++this.lastConnection
    client.isUp = true
    this.feed(this.clients.indexOf(client), { kind: 'connected', nowMs: this.nowMs, endpoint: 'a' })
  }

  private cut(index: number): void {
    const client = this.clients[index] as Client
    if (!client.isUp) return
    client.isUp = false
    this.note(`connection of client ${index} cut`)
    if (this.peers.delete(client.connection))
      this.serve({ kind: 'disconnected', peer: client.connection, nowMs: this.nowMs })
    this.feed(index, { kind: 'disconnected', nowMs: this.nowMs, cause: undefined })
  }

  private crashClient(index: number): void {
    const client = this.clients[index] as Client
    this.note(`client ${index} crashes`)
    for (const call of client.pending.values()) if (call.told.length === 0) call.isOrphan = true
    if (client.isUp && this.peers.delete(client.connection))
      this.serve({ kind: 'disconnected', peer: client.connection, nowMs: this.nowMs })
    this.startClient(index, client.journal?.crash(this.chance(0.5) ? 1 : 0) ?? [])
  }

  // --- the server

  private startServer(): ServerMachine {
    return new ServerMachine({
      incarnation: String(this.serverLife).padStart(16, '0'),
      ledgerId: this.ledger.id,
      window: 16,
      replyBytesMax: 1e6,
      memoryLeaseMs: 1e9,
      durableLeaseMs: 1e9,
      recordsMax: 1000,
      recordBytesMax: 1e6,
      sessionsMax: 1000,
      keyRetentionMs: 0,
      duplicates: 'attach',
      freshSession: () => (++this.fresh).toString(16).padStart(32, '0'),
    })
  }

  private crashServer(): void {
    this.note('server crashes')
    this.serverLife++
    this.server = this.startServer()
    this.peers.clear()
    for (const index of this.clients.keys()) this.cut(index)
  }

  private serve(input: ServerInput): void {
    const { serverLife } = this
    const later = (next: ServerInput): void => {
      if (serverLife === this.serverLife) this.serve(next)
    }
    for (const output of this.server.step(input)) {
      switch (output.kind) {
        case 'send': {
          const client = this.peers.get(output.peer)
          if (client !== undefined) this.send({ to: 'client', client, connection: output.peer }, output.frame)
          break
        }
        case 'execute': {
          const tag = text(output.call.payload)
          this.effects.set(tag, (this.effects.get(tag) ?? 0) + 1)
          const outcome: Outcome = { kind: 'reply', bytes: bytes(tag) }
          later({ kind: 'executed', run: output.run, nowMs: this.nowMs, outcome })
          break
        }
        case 'transact': {
          const { session, number, epoch, firstUnacked, method, payload } = output.call
          const tag = text(payload)
          const call = {
            session,
            number,
            epoch,
            firstUnacked,
            method,
            principal: '',
            fingerprint: padded(payload),
            idempotency: undefined,
            attempt: output.call.attempt,
            deadlineAtMs: Infinity,
            object: undefined,
          }
          void this.ledger
            .execute(call, (tx) => {
              tx.set(tag, Number(tx.get(tag) ?? 0) + 1)
              return { outcome: { kind: 'reply', bytes: bytes(tag) }, keepsEffects: true }
            })
            .then((answer) => later({ kind: 'answered', run: output.run, nowMs: this.nowMs, answer }))
          break
        }
        case 'open': {
          const { resume, epoch, instance, highest } = output.hello
          void this.ledger
            .open({ resume, fresh: output.fresh, principal: '', epoch, instance, highest, leaseMs: 1e9 })
            .then((opened) => later({ kind: 'opened', run: output.run, nowMs: this.nowMs, opened }))
          break
        }
        case 'resolve':
          void this.ledger
            .resolve({ ...output.frame, principal: '' })
            .then((answer) => later({ kind: 'answered', run: output.run, nowMs: this.nowMs, answer }))
          break
        case 'acknowledge':
          void this.ledger.acknowledge({ ...output.frame, principal: '' })
          break
        case 'bye':
          void this.ledger.bye({ ...output.frame, principal: '' })
          break
        default:
      }
    }
  }

  private send(route: Omit<Wire, 'bytes'>, frame: Frame): void {
    const out = new ByteWriter()
    encodeFrame(out, frame)
    this.wires.push({ ...route, bytes: out.slice() })
  }

  /** How often the call's effect stands. */
  effectsOf(call: WorldCall): number {
    return call.delivery === 'exactly-once' ? Number(this.ledger.get(call.tag) ?? 0) : (this.effects.get(call.tag) ?? 0)
  }
}
