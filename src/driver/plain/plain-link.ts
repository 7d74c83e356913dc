/**
 * One connection to a server that is not ours: calls out, replies in, paired by seqid.
 *
 * Invariant: a reply ends the call whose seqid it has and no other. Whatever cannot be paired with certainty (a seqid that
 * nobody waits for, another method's name, a call) ends the connection, and its calls are `unknown`.
 */
import { OncewireError } from '../../errors/oncewire-error.ts'
import type { Connection } from '../../transport/transport.ts'
import { malformed } from '../../wire/check.ts'
import type { Envelope } from '../../wire/envelope.ts'
import { readReply, shown, unfit, writeCall } from './message.ts'
import type { OpenCall } from './open-call.ts'
import { endOf } from './reply.ts'
import type { Speech } from './speech.ts'

/** What is answered to a oneway call, as by servers that do not have the method, is for nobody. */
const onewaySeqid = 0
const seqidMax = 0x7fff_ffff

export class PlainLink {
  readonly connection: Connection
  private readonly speech: Speech
  /** Calls that the server owes an answer, those that were given up included: their answers may come late. */
  private readonly owed = new Map<number, OpenCall>()
  private lastSeqid = 0
  private hasSentOneway = false
  /** The server compresses, so it can read what is compressed. */
  private hasDeflated = false

  constructor(connection: Connection, speech: Speech) {
    this.connection = connection
    this.speech = speech
  }

  get owedCount(): number {
    return this.owed.size
  }

  /** Takes a call now. */
  get isReady(): boolean {
    return this.connection.isOpen && !this.connection.isFull
  }

  send(call: OpenCall): void {
    const { speech, connection, hasDeflated } = this
    const { isOneway } = call.method
    const seqid = isOneway ? onewaySeqid : this.nextSeqid()
    try {
      writeCall(connection.begin(), call, { speech, seqid, isDeflated: hasDeflated })
    } catch (error) {
      return call.end({ error: error as Error })
    }
    connection.end()
    call.handedOver()
    if (isOneway) {
      this.hasSentOneway = true
      call.end({ value: undefined })
    } else this.owed.set(seqid, call)
  }

  /** @throws {OncewireError} malformed: the connection is of no more use */
  received(body: Uint8Array): void {
    const reply = readReply(body, this.speech.limits.frameBytesMax)
    const { envelope } = reply
    if (reply.isDeflated) this.hasDeflated = true
    const call = this.owed.get(envelope.seqid)
    if (call === undefined && envelope.seqid === onewaySeqid && this.hasSentOneway) return
    const wrong = call === undefined ? this.unpaired(envelope) : unfit(envelope, call, envelope.seqid)
    if (call === undefined || wrong !== undefined) throw wrong
    this.owed.delete(envelope.seqid)
    if (!call.isOver) call.end(endOf(call, reply))
  }

  /** The connection is gone, and with it every answer that has not come. */
  closed(error: Error | undefined): void {
    for (const call of this.owed.values()) call.break(...this.whyClosed(error))
    this.owed.clear()
  }

  /** In the words of `OpenCall.break`. */
  whyClosed(error: Error | undefined): Parameters<OpenCall['break']> {
    const { peer } = this.connection
    if (error instanceof OncewireError && error.code !== 'unavailable')
      return [error.code, `${peer} sent ${error.message}, and the connection was ended`, error]
    const why = error === undefined ? '' : ` (${error.message})`
    return ['unavailable', `the connection to ${peer} ended${why}`, error]
  }

  private nextSeqid(): number {
    do this.lastSeqid = this.lastSeqid === seqidMax ? 1 : this.lastSeqid + 1
    while (this.owed.has(this.lastSeqid))
    return this.lastSeqid
  }

  private unpaired(envelope: Envelope): OncewireError {
    const { seqid } = envelope
    const isOld = seqid > 0 && seqid <= this.lastSeqid
    return malformed(`${shown(envelope)}, which ${isOld ? 'was answered before' : 'no call has'}`)
  }
}
