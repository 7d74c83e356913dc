/**
 * A faulty link between client and server: it sees frames, and loses, repeats or keeps them as told.
 *
 * Invariant: knows of our protocol only where a frame ends and which kind it is; imports nothing of the library.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a frame is, as far as the link cares. */
export interface SeenFrame {
  readonly kind: 'call' | 'reply' | 'other'
  /** Of a call: 1 for the first sending. */
  readonly attempt: number
  /** Of a reply: answered from memory or ledger without running. */
  readonly isReplay: boolean
}

/** What becomes of a frame: it goes on, goes on twice, or is lost; `after` runs when that is done. */
export interface Fate {
  readonly copies: 0 | 1 | 2
  readonly after?: () => void
}

export type Rule = (frame: SeenFrame, deliver: () => void) => Fate

const pass: Rule = () => ({ copies: 1 })
const prefaceBytes = 4

export class FaultyLink {
  /** Decides about every frame; replaced by the one who runs the cell. */
  rule: Rule = pass
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
        const { copies, after } = this.rule(look(frame.subarray(4)), deliver)
        for (let i = 0; i < copies; i++) deliver()
        after?.()
      }
    })
  }
}

/** Byte 0 is the kind; the places of the others are in docs/protocol.md. */
function look(body: Buffer): SeenFrame {
  if (body[0] === 3) return { kind: 'call', attempt: body.readUInt16BE(38), isReplay: false }
  if (body[0] === 4) return { kind: 'reply', attempt: 0, isReplay: ((body[25] ?? 0) & 4) !== 0 }
  return { kind: 'other', attempt: 0, isReplay: false }
}
