/**
 * Calls as Thrift over HTTP: a POST each.
 *
 * Invariant: a call is `never` until its request has been given to a connection that is there, and from then on `unknown`
 * until it is answered.
 */
import { OncewireError } from '../../errors/oncewire-error.ts'
import { ByteWriter } from '../../std/bytes.ts'
import { type HttpAnswer, HttpClient } from '../../transport/http-client.ts'
import { malformed } from '../../wire/check.ts'
import { statusMeans } from './http-status.ts'
import { leftMsMax, readReply, unfit, writeCall } from './message.ts'
import type { End, OpenCall } from './open-call.ts'
import { PlainCaller } from './plain-caller.ts'
import { endOf } from './reply.ts'
import { fitsHeader, type Speech } from './speech.ts'

/** A request carries one call: there is nothing to pair. */
const seqid = 1

export class HttpCaller extends PlainCaller {
  protected readonly addresses: readonly string[]
  private readonly clients: readonly HttpClient[]
  private current = 0
  /** How to give up the requests that have no answer yet. */
  private readonly requests = new Map<OpenCall, () => void>()

  constructor(urls: readonly URL[], speech: Speech) {
    super(speech)
    this.clients = urls.map((url) => new HttpClient(url, speech.limits.frameBytesMax))
    this.addresses = this.clients.map(({ address }) => address)
  }

  protected async reach(connectMs: number): Promise<Error | undefined> {
    try {
      await this.client.reach(connectMs)
      return undefined
    } catch (error) {
      this.current++
      return error as Error
    }
  }

  protected send(call: OpenCall): void {
    const { client } = this
    try {
      const out = new ByteWriter(call.payload.length + 256)
      writeCall(out, call, { speech: this.speech, seqid, isDeflated: false })
      const giveUp = client.post(out.bytes.subarray(0, out.position), this.headersOf(call), {
        handedOver: () => call.handedOver(),
        answered: (answer) => call.end(this.endOf(call, answer, client.address)),
        failed: (error) => {
          if (!call.isHandedOver && client === this.client) this.current++
          call.break(error.code, error.message, error)
        },
      })
      this.requests.set(call, giveUp)
    } catch (error) {
      // Node's words name the header, not its value, which may be a secret.
      if (error instanceof TypeError) {
        call.fail({ code: 'invalid-argument', executed: 'never', message: error.message }, error)
      } else call.end({ error: error as Error })
    }
  }

  protected over(call: OpenCall): void {
    this.requests.get(call)?.()
    this.requests.delete(call)
  }

  protected hangUp(): void {
    for (const client of this.clients) client.close()
  }

  private get client(): HttpClient {
    return this.clients[this.current % this.clients.length] as HttpClient
  }

  private endOf(call: OpenCall, answer: HttpAnswer, address: string): End {
    if (call.method.isOneway) return { value: undefined }
    if (answer.status !== 200) return { error: call.error(statusMeans(answer, address)) }
    try {
      if (answer.body.length === 0) throw malformed('no message in it')
      const reply = readReply(answer.body, this.speech.limits.frameBytesMax)
      const wrong = unfit(reply.envelope, call, seqid)
      if (wrong !== undefined) throw wrong
      return endOf(call, reply)
    } catch (error) {
      if (!(error instanceof OncewireError)) throw error
      const message = `${address} answered 200 with ${error.message}; the call may have run`
      return { error: call.error({ code: error.code, executed: 'unknown', message }, error) }
    }
  }

  private headersOf({ options, leftMs }: OpenCall): Record<string, string> {
    const { codec, token } = this.speech
    const type = codec === 'json' ? 'application/vnd.apache.thrift.json' : 'application/x-thrift'
    const headers: Record<string, string> = { ...options.headers, 'content-type': type, accept: type }
    if (leftMs < leftMsMax) headers['oncewire-deadline-ms'] = String(leftMs)
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    const { idempotencyKey: key } = options
    // A structured header's string (RFC 8941 section 3.3.3).
    if (key !== undefined && fitsHeader('http', key)) headers['idempotency-key'] = `"${key.replace(/["\\]/g, '\\$&')}"`
    return headers
  }
}
