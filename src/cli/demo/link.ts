/**
 * A faulty link between client and server: it sees frames, and loses, repeats or keeps them as told.
 *
 * Invariant: knows of our protocol only where a frame ends and what docs/protocol.md says of its first bytes; imports
 * nothing of the library.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a frame is, as far as the link cares. */
export type SeenFrame =
  /** `attempt` is 1 for the first sending. */
  | { readonly kind: 'call'; readonly attempt: number }
  /** `isReplay`: answered from memory or ledger without running. */
  | { readonly kind: 'reply'; readonly isReplay: boolean }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'ack' | 'other' }

export type Fate = 'delivered' | 'lost' | 'twice'

/** Decides about a frame; `deliver` delivers one more copy, whenever it is called. */
export type Rule = (frame: SeenFrame, deliver: () => void) => Fate

const copies = { lost: 0, delivered: 1, twice: 2 } as const
const prefaceBytes = 4

export class FaultyLink {
  rule: Rule = () => 'delivered'
  private server: Server | undefined
  private readonly sockets = new Set<Socket>()
  private target: { readonly host: string; readonly port: number } | undefined

  /** Answers the address for clients. It stays the same wherever the server goes. */
  async listen(): Promise<string> {
    this.server = createServer((client) => this.join(client))
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Where the server is now; undefined: nowhere. */
  pointAt(url: string | undefined): void {
    if (url === undefined) this.target = undefined
    else {
      const { hostname, port } = new URL(url)
      this.target = { host: hostname, port: Number(port) }
    }
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.server?.close()
  }

  private join(client: Socket): void {
    this.keep(client)
    if (this.target === undefined) return void client.destroy()
    const server = connect(this.target)
    this.keep(server)
    client.setNoDelay(true)
    server.setNoDelay(true)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
    this.carry(client, server, prefaceBytes)
    this.carry(server, client, 0)
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
  }

  /** Carries frames one way; the first `skip` bytes are no frames. */
  private carry(from: Socket, to: Socket, skip: number): void {
    let held = Buffer.alloc(0)
    let left = skip
    from.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      if (left > 0) {
        const first = held.subarray(0, left)
        to.write(first)
        held = held.subarray(first.length)
        left -= first.length
      }
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        const end = 4 + held.readUInt32BE(0)
        const frame = Buffer.from(held.subarray(0, end))
        held = held.subarray(end)
        const deliver = (): void => void to.write(frame)
        const fate = this.rule(look(frame.subarray(4)), deliver)
        for (let i = 0; i < copies[fate]; i++) deliver()
      }
    })
  }
}

/** Byte 0 is the kind; the places of the others are in docs/protocol.md. */
function look(body: Buffer): SeenFrame {
  switch (body[0]) {
    case 3:
      return { kind: 'call', attempt: body.readUInt16BE(38) }
    case 4:
      return { kind: 'reply', isReplay: ((body[25] ?? 0) & 4) !== 0 }
    case 5: // Byte 25: 0 speaks of a call.
      return body[25] === 0
        ? { kind: 'refused', code: body.toString('utf8', 29, 29 + body.readUInt16BE(27)) }
        : { kind: 'other' }
    case 7:
      return { kind: 'ack' }
    default:
      return { kind: 'other' }
  }
}
