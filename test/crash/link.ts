/**
 * The link of the crash stories: TCP between client and server, whose rule may lose frames. It outlives both sides.
 *
 * Invariant: all replies to one call have the same bytes, or it says which had not (protocol section 7, I3).
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { decodeFrame } from '../../src/once/frame-bytes.ts'
import type { Frame } from '../../src/once/frame.ts'

const prefaceBytes = 4

export class Link {
  /** False: the frame is lost. `deliver` sends it, now or later. */
  rule: (frame: Frame, deliver: () => void) => boolean = () => true
  readonly differing: string[] = []
  private readonly replies = new Map<string, string>()
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private target = 0

  constructor() {
    this.server = createServer((client) => this.join(client))
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  pointAt(url: string): void {
    this.target = Number(new URL(url).port)
  }

  close(): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  private join(client: Socket): void {
    const server = connect(this.target, '127.0.0.1')
    const pairs = [
      [client, server, prefaceBytes],
      [server, client, 0],
    ] as const
    for (const [from, to, head] of pairs) {
      this.sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        this.sockets.delete(from)
        to.destroy()
      })
      this.forward(from, to, head)
    }
  }

  private forward(from: Socket, to: Socket, head: number): void {
    let held = Buffer.alloc(0)
    let isBegun = head === 0
    from.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      if (!isBegun) {
        if (held.length < head) return
        to.write(held.subarray(0, head))
        held = held.subarray(head)
        isBegun = true
      }
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        const end = 4 + held.readUInt32BE(0)
        const bytes = Buffer.from(held.subarray(0, end))
        held = held.subarray(end)
        const frame = decodeFrame(bytes.subarray(4))
        if (frame.kind === 'reply') this.compare(frame)
        const deliver = (): void => void (to.writable && to.write(bytes))
        if (this.rule(frame, deliver)) deliver()
      }
    })
  }

  private compare({ session, number, outcome }: Extract<Frame, { kind: 'reply' }>): void {
    const xid = `${session} ${number}`
    const said = JSON.stringify(outcome, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    )
    const before = this.replies.get(xid)
    if (before !== undefined && before !== said) this.differing.push(`${xid}: ${before}, then ${said}`)
    this.replies.set(xid, said)
  }
}
