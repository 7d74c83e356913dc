/**
 * A client's history: what it called, and what it was told, a line each, in a file of each of its lives.
 *
 * Invariant: `called` is written before the call is made, `told` after its promise has settled; kill -9 may tear the last
 * line and no other.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs'

export type Word =
  /** By a promise of this life, or from the journal of an earlier one (`recovered`). */
  'ok' | 'exception' | 'never' | 'once' | 'unknown'

/** One line. */
export type Entry =
  | { readonly kind: 'called'; readonly tag: string; readonly atMs: number; readonly until: string }
  | {
      readonly kind: 'told' | 'recovered' | 'resolved'
      readonly tag: string
      readonly atMs: number
      readonly word: Word
      /** Of `ok` the answer, else the code and, behind an @, the xid. */
      readonly detail: string
    }
  /** All calls of this life have settled. */
  | { readonly kind: 'ended'; readonly tag: ''; readonly atMs: number }

const letters = { called: '>', told: '<', recovered: 'R', resolved: '=', ended: 'E' } as const
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter as string, kind as Entry['kind']]))

export class History {
  private readonly fd: number

  constructor(file: string) {
    this.fd = openSync(file, 'a')
  }

  /** `until`: its deadline or when it is cancelled, as a person reads it. */
  called(tag: string, until: string): void {
    writeSync(this.fd, `> ${Date.now()} ${tag} ${until}\n`)
  }

  told(kind: 'told' | 'recovered' | 'resolved', tag: string, { word, detail }: { word: Word; detail: string }): void {
    writeSync(this.fd, `${letters[kind]} ${Date.now()} ${tag} ${word} ${detail}\n`)
  }

  ended(): void {
    writeSync(this.fd, `E ${Date.now()}\n`)
  }
}

export function readHistory(file: string): Entry[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'latin1').split('\n')
  lines.pop() // Empty, or torn.
  return lines.map((line) => {
    const [letter = '', at, tag = '', word = '', detail = ''] = line.split(' ')
    const kind = kinds.get(letter)
    const atMs = Number(at)
    if (kind === undefined || !(atMs > 0)) throw new Error(`${file}: not a line of a history: ${line}`)
    if (kind === 'ended') return { kind, tag: '', atMs }
    if (kind === 'called') return { kind, tag, atMs, until: word }
    return { kind, tag, atMs, word: word as Word, detail }
  })
}

export const historyFile = (client: string, life: number): string =>
  `${client}.${String(life).padStart(4, '0')}.history`
