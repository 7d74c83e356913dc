/**
 * Feeds the server machine with connections, a dispatcher and a ledger, and does what it asks for.
 *
 * Invariant: inputs reach the machine one at a time, in the order in which they happened. A frame that cannot be read
 * ends its own connection and nothing else.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import { decodeFrame, encodeFrame } from '../once/frame-bytes.ts'
import type { CallFrame, Frame, Hello } from '../once/frame.ts'
import type { Ledger } from '../once/ledger.ts'
import type { Peer, ServedMethod, ServerInput, ServerOptions, ServerOutput } from '../once/server-io.ts'
import { ServerMachine } from '../once/server.ts'
import type { Dispatcher } from '../rpc/dispatcher.ts'
import { assert, unreachable } from '../std/assert.ts'
import type { Connection, ConnectionOwner } from '../transport/transport.ts'
import { type Arrived, type Executor, overloaded } from './executor.ts'
import type { Log } from './peer-log.ts'
import type { World } from './world.ts'

/** Who a caller is, from what `connect({ token })` showed. undefined: nobody, denied. '': anonymous. */
export type Authenticate = (credentials: Credentials) => string | undefined | PromiseLike<string | undefined>
export interface Credentials {
  /** '' if the client gave none. */
  readonly token: string
  /** Address of the client. */
  readonly peer: string
}

export interface ServerDriverOptions {
  readonly machine: ServerOptions
  readonly dispatcher: Dispatcher
  readonly executor: Executor
  readonly ledger: Ledger<unknown> | undefined
  readonly world: World
  readonly authenticate: Authenticate | undefined
  /** Callers without a principal may use idempotency keys; they share one key space. */
  readonly allowsAnonymousKeys: boolean
  readonly log: Log
  /** The same, of what a peer did wrong. */
  readonly complain: Log
  /** Calls of one connection that run at once. */
  readonly callsMax: number
}

interface PeerState {
  readonly connection: Connection
  /** Said by the last HELLO; '' is anonymous, undefined is nobody that `authenticate` let in. */
  principal: string | undefined
  /** Calls that it has begun and that have not ended. */
  runningCount: number
}

export class ServerDriver {
  private readonly options: ServerDriverOptions
  private readonly executor: Executor
  private readonly machine: ServerMachine
  private readonly peers = new Map<Peer, PeerState>()
  private lastPeer: Peer = 0
  private isStepping = false
  private readonly waiting: ServerInput[] = []
  private takeBackWake: (() => void) | undefined
  private isClosed = false

  constructor(options: ServerDriverOptions) {
    this.options = options
    this.executor = options.executor
    this.machine = new ServerMachine(options.machine)
  }

  get connectionCount(): number {
    return this.peers.size
  }

  /** A connection has come. */
  accept(connection: Connection): ConnectionOwner {
    const peer = ++this.lastPeer
    const principal = this.options.authenticate === undefined ? '' : undefined
    const state: PeerState = { connection, principal, runningCount: 0 }
    this.peers.set(peer, state)
    this.input({ kind: 'connected', peer })
    return {
      received: (body) => this.received(peer, state, decodeFrame(body)),
      drained: () => {}, // What is sent is encoded at once: the connection bounds what is not taken.
      closed: (error) => {
        this.peers.delete(peer)
        // A peer that went away is nobody's news; one that broke a rule is.
        if (error instanceof OncewireError && error.code !== 'unavailable')
          this.options.complain(`connection of ${connection.peer} ended`, error)
        this.input({ kind: 'disconnected', peer, nowMs: this.nowMs() })
      },
    }
  }

  closeConnections(): void {
    this.isClosed = true
    this.takeBackWake?.()
    for (const { connection } of this.peers.values()) connection.close()
  }

  private received(peer: Peer, state: PeerState, frame: Frame): void {
    // Crash point server:after-receiving-{frame.kind}
    const nowMs = this.nowMs()
    if (frame.kind === 'call') {
      const found = this.options.dispatcher.find(frame.method)
      this.input({ kind: 'call', peer, nowMs, frame, method: this.admissible(found, frame, state) })
    } else if (frame.kind === 'hello') this.hello(peer, state, frame)
    else this.input({ kind: 'received', peer, nowMs, frame })
  }

  private admissible(found: ReturnType<Dispatcher['find']>, frame: CallFrame, state: PeerState): ServedMethod {
    const { principal, runningCount } = state
    if (principal === undefined)
      return { kind: 'refused', code: 'denied', message: 'the server does not know this caller' }
    if (!('method' in found)) return { kind: 'refused', ...found }
    if (!this.executor.hasRoomFor(frame.payload.length)) return { kind: 'refused', ...overloaded }
    if (runningCount >= this.options.callsMax) {
      const message = `${runningCount} calls of this connection run (limits.window and limits.queuedMax); ask again later`
      return { kind: 'refused', code: 'overloaded', message }
    }
    if (frame.idempotencyKey !== undefined && principal === '' && !this.options.allowsAnonymousKeys) {
      const message =
        'an anonymous caller has no idempotency keys here: connect with a token, or let the server set anonymousKeys'
      return { kind: 'refused', code: 'key-needs-ledger', message }
    }
    return { kind: 'served', delivery: found.method.delivery, isOneway: found.method.isOneway }
  }

  private hello(peer: Peer, state: PeerState, frame: Hello): void {
    const step = (principal: string | undefined): void => {
      if (!this.peers.has(peer)) return
      state.principal = principal
      this.input({ kind: 'hello', peer, nowMs: this.nowMs(), frame, principal })
    }
    const { authenticate, log } = this.options
    if (authenticate === undefined) return step('')
    // An authenticate that throws has not said who this is.
    void (async () => authenticate({ token: frame.token, peer: state.connection.peer }))().then(
      step,
      (error: unknown) => {
        log('authenticate failed', error)
        step(undefined)
      },
    )
  }

  private input(input: ServerInput): void {
    if (this.isStepping) {
      this.waiting.push(input)
      return
    }
    this.isStepping = true
    try {
      for (let next: ServerInput | undefined = input; next !== undefined; next = this.waiting.shift()) {
        for (const output of this.machine.step(next)) this.carryOut(output)
      }
    } finally {
      this.isStepping = false
    }
  }

  private carryOut(output: ServerOutput): void {
    switch (output.kind) {
      case 'send':
        return this.send(output.peer, output.frame)
      case 'execute':
        // Crash point server:before-execute
        return this.execute(output)
      case 'transact':
        // Crash point server:before-transact
        return this.transact(output)
      case 'open':
        // Crash point server:before-open
        return this.open(output)
      case 'resolve': {
        // Crash point server:before-resolve
        const answer = this.ledger.resolve({ ...output.frame, principal: output.principal })
        return this.executor.told(answer, (given) => this.answered(output.run, given))
      }
      case 'acknowledge': {
        const { session, epoch, firstUnacked } = output.frame
        // Crash point server:before-acknowledge
        return this.quietly(this.ledger.acknowledge({ session, epoch, firstUnacked, principal: output.principal }))
      }
      case 'bye': {
        const { session, epoch, highest } = output.frame
        // Crash point server:before-bye
        return this.quietly(this.ledger.bye({ session, epoch, highest, principal: output.principal }))
      }
      case 'hang-up':
        return this.peers.get(output.peer)?.connection.close()
      case 'wake':
        return this.wake(output.atMs)
      default:
        return unreachable(output)
    }
  }

  private send(peer: Peer, frame: Frame): void {
    const connection = this.peers.get(peer)?.connection
    if (connection === undefined) return
    // Crash point server:before-send-{frame.kind}
    encodeFrame(connection.begin(), frame)
    connection.end()
  }

  private execute({ run, call, peer, principal }: Extract<ServerOutput, { kind: 'execute' }>): void {
    const ended = this.begun(peer)
    this.executor.execute(this.arrived(call, peer, principal), (outcome) => {
      ended()
      this.input({ kind: 'executed', run, nowMs: this.nowMs(), outcome })
    })
  }

  private transact({ run, call, peer, principal }: Extract<ServerOutput, { kind: 'transact' }>): void {
    const ended = this.begun(peer)
    this.executor.transact(this.arrived(call, peer, principal), call, (answer) => {
      ended()
      this.answered(run, answer)
    })
  }

  /** Counts a call of a connection; answers what takes that back. */
  private begun(peer: Peer): () => void {
    const state = this.peers.get(peer)
    if (state === undefined) return () => {}
    state.runningCount++
    return () => state.runningCount--
  }

  private arrived(call: CallFrame, peer: Peer, principal: string): Arrived {
    const served = this.options.dispatcher.find(call.method)
    assert('method' in served, `${call.method} was to be executed, and is not served`)
    const from = this.peers.get(peer)?.connection.peer ?? ''
    return { served, head: call, payload: call.payload, codec: 'binary', peer: from, principal }
  }

  private open({ run, principal, hello, fresh }: Extract<ServerOutput, { kind: 'open' }>): void {
    const { resume, epoch, instance, highest } = hello
    const leaseMs = this.options.machine.durableLeaseMs
    this.ledger.open({ resume, fresh, principal, epoch, instance, highest, leaseMs }).then(
      (opened) => this.input({ kind: 'opened', run, nowMs: this.nowMs(), opened }),
      (error: unknown) => {
        this.options.log('the ledger could not open a session', error)
        this.input({ kind: 'opened', run, nowMs: this.nowMs(), opened: { kind: 'failed' } })
      },
    )
  }

  private answered(run: number, answer: Extract<ServerInput, { kind: 'answered' }>['answer']): void {
    this.input({ kind: 'answered', run, nowMs: this.nowMs(), answer })
  }

  private quietly(done: Promise<void>): void {
    done.catch((error: unknown) => this.options.log('the ledger failed', error))
  }

  private wake(atMs: number): void {
    this.takeBackWake?.()
    // Sessions die with a closed server; a timer for their leases would keep the process alive.
    this.takeBackWake =
      atMs === Infinity || this.isClosed
        ? undefined
        : this.options.world.wakeAt(atMs, () => this.input({ kind: 'woke', nowMs: this.nowMs() }))
  }

  private get ledger(): Ledger<unknown> {
    assert(this.options.ledger !== undefined, 'a durable session on a server without a ledger')
    return this.options.ledger
  }

  private nowMs(): number {
    return this.options.world.nowMs()
  }
}
