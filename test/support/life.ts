/**
 * Lives of one client process, one after the other on one journal, each of which may end in the middle of an entry.
 */
import { SessionCaller } from '../../src/driver/session-caller.ts'
import { withDefaults } from '../../src/driver/limits.ts'
import type { Run } from '../../src/driver/runs.ts'
import { MemoryJournal } from '../../src/journal/memory-journal.ts'
import type { Journal, JournalEntry, JournalState } from '../../src/once/journal.ts'
import type { Connection } from '../../src/transport/transport.ts'
import { transportFor } from '../../src/transport/choose.ts'

/** A journal whose process dies when it has appended so many entries. */
class MortalJournal implements Journal {
  readonly memory: MemoryJournal
  onFailed: (error: Error) => void = () => {}
  isDead = false
  private appended = 0
  private readonly dieAfter: number
  private readonly onDeath: () => void

  constructor(entries: readonly JournalEntry[], dieAfter: number, onDeath: () => void) {
    this.memory = new MemoryJournal(entries)
    this.dieAfter = dieAfter
    this.onDeath = onDeath
  }

  get state(): JournalState {
    return this.memory.state
  }

  set onDurable(told: (count: number) => void) {
    this.memory.onDurable = (count) => {
      if (!this.isDead) told(count)
    }
  }

  append(entry: JournalEntry): void {
    if (this.isDead) return
    this.memory.append(entry)
    if (++this.appended === this.dieAfter) {
      this.isDead = true
      this.onDeath()
    } else
      setImmediate(() => {
        if (!this.isDead) this.memory.sync()
      })
  }

  async close(): Promise<void> {
    if (!this.isDead) await this.memory.close()
  }
}

export interface Lived<R> {
  /** undefined: it died. */
  readonly end: { readonly value: R } | { readonly error: unknown } | undefined
  /** What the disk holds. */
  readonly entries: readonly JournalEntry[]
}

export interface LifeOptions {
  readonly url: string
  readonly entries: readonly JournalEntry[]
  /** Entries of this life after which it dies; Infinity: it does not. */
  readonly dieAfter: number
  /** How many entries that were not durable reach the disk all the same. */
  readonly torn: number
}

/** Starts a process, lets it play the run, and lets it die where it is told to. */
export async function live<R>(
  { url, entries, dieAfter, torn }: LifeOptions,
  body: (run: Run) => Promise<R>,
): Promise<Lived<R>> {
  const { transport, url: target } = transportFor(url)
  let connection: Connection | undefined
  let die = (): void => {}
  const dead = new Promise<undefined>((resolve) => (die = () => resolve(undefined)))
  const journal = new MortalJournal(entries, dieAfter, () => {
    connection?.close()
    die()
  })
  const limits = withDefaults(undefined)
  const dial: ConstructorParameters<typeof SessionCaller>[0]['dial'] = async (owner) => {
    if (journal.isDead) return await new Promise(() => {})
    connection = await transport.connect(target, owner, { frameBytesMax: limits.frameBytesMax, connectMs: 1000 })
    return connection
  }
  const caller = new SessionCaller(
    { journal, addresses: [url], methods: new Map(), dial, endpoint: () => url },
    { retransmission: { attemptMs: 50 } },
    limits,
  )
  const played = caller
    .ready(1000)
    .then(() => caller.runs.run('story', body))
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
  const end = await Promise.race([played, dead])
  if (end !== undefined) await caller.close(0)
  return { end, entries: journal.memory.crash(end === undefined ? torn : Number.MAX_SAFE_INTEGER) }
}
