/**
 * A tape: a file to which processes append lines of one length. What stands on it happened.
 *
 * Invariant: a line never crosses a page of the file, so kill -9 leaves it whole or not there.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs'

const lineBytes = 128

/** What an execution leaves behind, on a tape or in a table. */
export interface Effect {
  readonly tag: string
  readonly answer: number
  readonly server: string
  readonly xid: string
  readonly atMs: number
}

export class Tape {
  private readonly file: string
  private readonly fd: number

  constructor(file: string) {
    this.file = file
    this.fd = openSync(file, 'a')
  }

  append({ tag, answer, server, xid, atMs }: Effect): void {
    const text = `${tag} ${answer} ${server} ${xid} ${atMs}`
    if (text.length >= lineBytes) throw new Error(`a line of ${text.length} bytes is too long for the tape`)
    writeSync(this.fd, `${text.padEnd(lineBytes - 1)}\n`)
  }

  /** The answer that stands under `tag`, if any. */
  find(tag: string): number | undefined {
    return effectsOn(this.file).findLast((effect) => effect.tag === tag)?.answer
  }
}

export function effectsOn(file: string): Effect[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'latin1').split('\n')
  lines.pop()
  return lines.map((line) => {
    const [tag = '', answer, server = '', xid = '', atMs] = line.split(' ')
    return { tag, answer: Number(answer), server, xid, atMs: Number(atMs) }
  })
}
