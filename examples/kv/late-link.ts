/**
 * A link between client and server that can keep what a client says, and say it much later, as a router with a long queue
 * may. It knows nothing of what is said.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** What the client said and the server has not heard; undefined: nothing is kept. */
  kept: Buffer[] | undefined
}

export class LateLink {
  private readonly listener: Server
  private readonly pairs = new Set<Pair>()
  private heard = (): void => {}

  /** Between whoever connects and the server at `target`. */
  constructor(target: string) {
    const { hostname, port } = new URL(target)
    this.listener = createServer((client) => this.join(client, connect({ host: hostname, port: Number(port) })))
  }

  async listen(): Promise<string> {
    this.listener.listen(0, '127.0.0.1')
    await once(this.listener, 'listening')
    return `tcp://127.0.0.1:${(this.listener.address() as AddressInfo).port}`
  }

  /** Keeps what is said from now on over the connections that are open; resolves when something was. */
  async keep(): Promise<void> {
    const heard = new Promise<void>((resolve) => (this.heard = resolve))
    for (const pair of this.pairs) pair.kept = []
    await heard
  }

  /** To the clients those connections end here; the server is not told. New ones work. */
  cutClients(): void {
    for (const { client, kept } of this.pairs) if (kept !== undefined) client.destroy()
  }

  /** The server hears what was kept, at last; resolves when it has answered. */
  async deliver(): Promise<void> {
    for (const { server, kept } of this.pairs) {
      if (kept === undefined || kept.length === 0) continue
      const answered = once(server, 'data')
      server.write(Buffer.concat(kept))
      await answered
    }
  }

  close(): void {
    this.listener.close()
    for (const { client, server } of this.pairs) {
      client.destroy()
      server.destroy()
    }
  }

  private join(client: Socket, server: Socket): void {
    const pair: Pair = { client, server, kept: undefined }
    this.pairs.add(pair)
    for (const socket of [client, server]) socket.on('error', () => {})
    client.on('data', (bytes) => {
      if (pair.kept === undefined) return void server.write(bytes)
      pair.kept.push(bytes)
      this.heard()
    })
    server.on('data', (bytes) => void client.write(bytes))
    client.on('close', () => {
      if (pair.kept === undefined) server.destroy()
    })
    server.on('close', () => client.destroy())
  }
}
