/**
 * What the doors have in common: a connection of somebody who does not speak our own protocol, and how it is ended.
 */
import type { Socket } from 'node:net'
import type { Watched } from '../transport/frame-watch.ts'

export interface Guest extends Watched {
  /** The server closes: whoever waits is told, then the connection ends. */
  close(): void
}

/** A peer that does not take its last answers may not keep its connection longer. */
const lingerMs = 1000

/** Ends a connection when what was written has left. */
export function hangUp(socket: Socket): void {
  linger(socket)
  socket.end()
}

/** A connection that is being ended: it has this long. */
export function linger(socket: Socket): void {
  if (socket.destroyed) return
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
}
