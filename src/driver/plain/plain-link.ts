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
import { tooLarge } from '../caller.ts'
import { readReply, writeCall } from './message.ts'
import type { OpenCall } from './open-call.ts'
import { endOf } from './reply.ts'
import { type Speech, wireName } from './speech.ts'

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
    const out = connection.begin()
    const begin = out.position
    try {
      writeCall(out, call, { speech, seqid, isDeflated: hasDeflated })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return call.fail({ code: 'invalid-argument', executed: 'never', message: error.message }, error)
    }
    const { frameBytesMax } = speech.limits
    const headerBytes = out.position - begin - call.payload.length
    if (headerBytes + call.payload.length > frameBytesMax) {
      return call.end({ error: tooLarge(call.method, call.payload.length, frameBytesMax - headerBytes) })
    }
    connection.end()
    if (isOneway) this.hasSentOneway = true
    else this.owed.set(seqid, call)
    call.handedOver()
  }

  /** @throws {OncewireError} malformed: the connection is of no more use */
  received(body: Uint8Array): void {
    const reply = readReply(body, this.speech.limits.frameBytesMax)
    const { envelope } = reply
    if (reply.isDeflated) this.hasDeflated = true
    const call = this.owed.get(envelope.seqid)
    if (call === undefined && envelope.seqid === onewaySeqid && this.hasSentOneway) return
    if (call === undefined || !answers(envelope, call)) throw this.unpaired(envelope, call)
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
    return ['unavailable', `the connection to ${peer} ended before the reply came${why}`, error]
  }

  private nextSeqid(): number {
    do this.lastSeqid = this.lastSeqid === seqidMax ? 1 : this.lastSeqid + 1
    while (this.owed.has(this.lastSeqid))
    return this.lastSeqid
  }

  private unpaired({ kind, name, seqid }: Envelope, call: OpenCall | undefined): OncewireError {
    const what = `a message of kind ${kind}, named "${name}", with seqid ${seqid}`
    if (kind === 'call' || kind === 'oneway') return malformed(`${what}, where a server may only answer`)
    if (call !== undefined) return malformed(`${what}, which belongs to a call of ${call.method.name}`)
    const isOld = seqid > 0 && seqid <= this.lastSeqid
    return malformed(`${what}, which ${isOld ? 'was answered before' : 'no call has'}`)
  }
}

/** Servers write the name with or without the service, and of an exception any. */
export function answers({ kind, name }: Envelope, { method }: OpenCall): boolean {
  if (kind === 'exception') return true
  return kind === 'reply' && (name === wireName(method, false) || name === wireName(method, true))
}
