/**
 * What the world knows at some place of a trace: frames that left, what the application was told, money that was paid.
 * None of it can be taken back by a power cut.
 */
import { decodeFrame } from '../../src/once/frame-bytes.ts'
import type { CallFrame, Frame } from '../../src/once/frame.ts'
import { preface } from '../../src/transport/preface.ts'
import { FrameSplitter } from '../../src/wire/framing.ts'
import type { PowerEvent } from '../support/power-shim.ts'
import { tapesFolder, toldFile } from './trace.ts'

export interface Told {
  readonly name: string
  readonly executed: string
}

export class Outside {
  readonly welcomes: Extract<Frame, { kind: 'welcome' }>[] = []
  readonly hellos: Extract<Frame, { kind: 'hello' }>[] = []
  /** By xid. */
  readonly calls = new Map<string, CallFrame>()
  readonly replies = new Map<string, Extract<Frame, { kind: 'reply' }>>()
  /** Of each session, the highest firstUnacked that left. */
  readonly firstUnacked = new Map<string, number>()
  private readonly sockets = new Map<string, FrameSplitter>()
  private readonly paths = new Map<bigint, string>()
  /** What was written to the files of the outside world, by path. */
  private readonly written = new Map<string, string>()

  see(event: PowerEvent): void {
    if (event.kind === 'sent') this.heard(event.socket, event.bytes)
    if (event.kind === 'opened') this.paths.set(event.inode, event.path)
    if (event.kind !== 'wrote') return
    const path = this.paths.get(event.inode) ?? ''
    if (!path.startsWith('outside/')) return
    this.written.set(path, (this.written.get(path) ?? '') + Buffer.from(event.bytes).toString())
  }

  get told(): Told[] {
    return linesOf(this.written.get(toldFile)).map((line) => {
      const [name = '', executed = ''] = line.split(' ')
      return { name, executed }
    })
  }

  /** Names of the payments on all tapes. */
  get paid(): string[] {
    return [...this.tapes].flatMap(([, tape]) => linesOf(tape).map((cents) => `paid-${cents}`))
  }

  /** Path and text of every tape. */
  get tapes(): Map<string, string> {
    return new Map([...this.written].filter(([path]) => path.startsWith(tapesFolder)))
  }

  /** What the test calls a call that has left its client. */
  nameOf(xid: { readonly session: string; readonly number: number }): string | undefined {
    const call = this.calls.get(xidOf(xid))
    return call === undefined ? undefined : nameInPayload(call.payload)
  }

  private heard(socket: string, bytes: Uint8Array): void {
    let splitter = this.sockets.get(socket)
    if (splitter === undefined) {
      splitter = new FrameSplitter(1 << 24, (body) => this.frame(decodeFrame(body.slice())))
      this.sockets.set(socket, splitter)
      if (preface.every((byte, i) => byte === bytes[i])) return splitter.push(bytes.subarray(preface.length))
    }
    splitter.push(bytes)
  }

  private frame(frame: Frame): void {
    if ('firstUnacked' in frame) {
      const { session, firstUnacked } = frame
      this.firstUnacked.set(session, Math.max(firstUnacked, this.firstUnacked.get(session) ?? 0))
    }
    if (frame.kind === 'welcome') this.welcomes.push(frame)
    if (frame.kind === 'hello') this.hellos.push(frame)
    if (frame.kind === 'call') this.calls.set(xidOf(frame), frame)
    if (frame.kind === 'reply') this.replies.set(xidOf(frame), frame)
  }
}

export const xidOf = ({ session, number }: { readonly session: string; readonly number: number }): string =>
  `${session}:${number}`

/** What the test calls a call, out of its arguments in the binary codec. */
export function nameInPayload(payload: Uint8Array): string {
  const bytes = Buffer.from(payload)
  const transfer = /t-\d{4}(?:r\d)?/.exec(bytes.toString('latin1'))?.[0]
  // The last argument of `dispense` is an i64, and a stop byte ends the arguments.
  return transfer ?? `paid-${bytes.readBigInt64BE(bytes.length - 9)}`
}

const linesOf = (text = ''): string[] => text.split('\n').filter((line) => line !== '')
