/**
 * Calls over one connection at a time to a server that is not ours; a new one is made when there is a call for it.
 *
 * Invariant: calls leave in the order in which they were made. When a connection breaks or cannot be made, the calls that
 * were handed to it are `unknown`, and those that waited for it are `never`.
 */
import type { Connection, ConnectionOwner } from '../../transport/transport.ts'
import type { OpenCall } from './open-call.ts'
import { PlainCaller } from './plain-caller.ts'
import { PlainLink } from './plain-link.ts'
import type { Speech } from './speech.ts'

export interface PlainTarget {
  /** As people write them. */
  readonly addresses: readonly string[]
  /** Makes one connection; to another address each time where there are several. */
  readonly dial: (owner: ConnectionOwner) => Promise<Connection>
}

export class SocketCaller extends PlainCaller {
  private readonly target: PlainTarget
  private link: PlainLink | undefined
  private isDialing = false
  /** Not handed over: there is no connection, or it takes less than we give. */
  private readonly waiting = new Set<OpenCall>()

  constructor(target: PlainTarget, speech: Speech) {
    super(speech)
    this.target = target
  }

  protected get addresses(): readonly string[] {
    return this.target.addresses
  }

  protected override get owedCount(): number {
    return (this.link?.owedCount ?? 0) + this.waiting.size
  }

  protected send(call: OpenCall): void {
    if (this.link?.connection.isOpen === false) this.link = undefined
    if (this.waiting.size === 0 && this.link?.isReady === true) return this.link.send(call)
    this.waiting.add(call)
    if (this.link === undefined && !this.isDialing) void this.dialForWaiting()
  }

  protected over(call: OpenCall): void {
    this.waiting.delete(call)
    const { link, openCount, speech } = this
    // Where every answer that is missing was given up, nobody loses anything with a new connection.
    if (link !== undefined && openCount === 0 && link.owedCount >= speech.limits.queuedMax) this.leave(link)
  }

  protected hangUp(): void {
    if (this.link !== undefined) this.leave(this.link)
  }

  private handOver(): void {
    for (const call of this.waiting) {
      if (this.link?.isReady !== true) return
      this.waiting.delete(call)
      this.link.send(call)
    }
  }

  private async dialForWaiting(): Promise<void> {
    this.isDialing = true
    let failure: Error | undefined
    for (const _ of this.target.addresses) {
      failure = await this.reach()
      if (failure === undefined) break
    }
    this.isDialing = false
    if (failure === undefined) return
    for (const call of this.waiting) call.break('unavailable', failure.message, failure)
  }

  protected async reach(): Promise<Error | undefined> {
    let link: PlainLink | undefined
    const owner: ConnectionOwner = {
      received: (body) => link?.received(body),
      drained: () => this.handOver(),
      closed: (error) => this.closed(link, error),
    }
    try {
      this.link = link = new PlainLink(await this.target.dial(owner), this.speech)
    } catch (error) {
      return error as Error
    }
    if (this.isClosing && this.openCount === 0) this.leave(link)
    this.handOver()
    return undefined
  }

  private closed(link: PlainLink | undefined, error: Error | undefined): void {
    link?.closed(error)
    if (link === undefined || this.link !== link) return
    this.link = undefined
    for (const call of this.waiting) call.break(...link.whyClosed(error))
  }

  private leave(link: PlainLink): void {
    if (this.link === link) this.link = undefined
    link.connection.close()
  }
}
