/**
 * The client's journal in a file: appended, synced in groups off the loop, written anew when most of it is dead.
 *
 * Invariant: entries are durable in the order in which they were appended, and an acknowledged one survives kill -9 and
 * a power cut. What was being written when that happened is cut off at the next opening, at its first record that is not
 * whole.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Journal, JournalEntry, JournalState } from '../once/journal.ts'
import { ByteWriter } from '../std/bytes.ts'
import { realPath, replaceFile, syncFolder, temporaryOf, writeFully } from './disk.ts'
import { encodeEntry, markBytes } from './entry-bytes.ts'
import { JournalFold } from './fold.ts'
import { encodeJournal, readJournal } from './journal-bytes.ts'
import { lockFile } from './lock.ts'

export interface FileJournal extends Journal {
  /** What was cut off at opening: entries that were being written when the process or the machine died. */
  readonly cut: { readonly offset: number; readonly bytes: number } | undefined
}

export interface FileJournalOptions {
  /** More bytes than that of calls that are over, and the journal is written anew without them. Default 1 MiB. */
  readonly deadBytesMax?: number | undefined
}

/**
 * Opens or makes the journal in `file`, for this process alone.
 *
 * @throws {OncewireError} journal-locked, journal-damaged, journal-format, journal-failed
 */
export async function openJournal(
  file: string,
  { deadBytesMax = 1 << 20 }: FileJournalOptions = {},
): Promise<FileJournal> {
  try {
    const path = await realPath(file)
    const unlock = await lockFile(path)
    try {
      return await openLocked({ path, unlock, deadBytesMax })
    } catch (error) {
      await unlock()
      throw error
    }
  } catch (error) {
    throw error instanceof OncewireError ? error : failed(file, error, 'never')
  }
}

interface Place {
  readonly path: string
  readonly unlock: () => Promise<void>
  readonly deadBytesMax: number
}

async function openLocked(place: Place): Promise<FileJournal> {
  // Crash point journal:after-lock
  const handle = await open(place.path, constants.O_RDWR | constants.O_CREAT, 0o600)
  let recovered: Recovered
  try {
    recovered = await recover(place.path, handle)
    await rm(temporaryOf(place.path), { force: true })
  } catch (error) {
    await handle.close()
    throw error
  }
  const journal = new AppendedFile(place, handle, recovered)
  try {
    await journal.start(recovered.isOld)
  } catch (error) {
    await journal.close()
    throw error
  }
  return journal
}

interface Recovered {
  readonly fold: JournalFold
  readonly length: number
  readonly cut: FileJournal['cut']
  /** Written by an older version: no entry may be appended before it is written anew. */
  readonly isOld: boolean
}

/** Reads what is there; cuts a torn end; writes the header of a new file. */
async function recover(path: string, handle: FileHandle): Promise<Recovered> {
  const file = await handle.readFile()
  // Further in nobody knows of Buffer, whose `slice` does not copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length)
  const { entries, wholeBytes, isOld } = readJournal(path, bytes) ?? { entries: [], wholeBytes: 0, isOld: false }
  const fold = new JournalFold(entries)
  const cutBytes = bytes.length - wholeBytes
  const cut = cutBytes > 0 ? { offset: wholeBytes, bytes: cutBytes } : undefined
  if (cut !== undefined) await handle.truncate(wholeBytes)
  const header = encodeJournal([])
  // Crash point journal:before-header
  if (wholeBytes === 0) await writeFully(handle, header, 0)
  // Crash point journal:before-header-sync
  // What an earlier process wrote and died before it had synced it may be lost yet: nobody acts on it before this.
  await handle.sync()
  if (wholeBytes === 0) await syncFolder(path)
  return { fold, length: Math.max(wholeBytes, header.length), cut, isOld }
}

class AppendedFile implements FileJournal {
  readonly cut: FileJournal['cut']
  readonly state: JournalState
  onDurable: (count: number) => void = () => {}
  onFailed: (error: Error) => void = () => {}
  private readonly place: Place
  private readonly fold: JournalFold
  private handle: FileHandle
  /** Bytes of the file that are durable. */
  private length: number
  /** A longer file is written anew. */
  private lengthMax: number
  /** Entries of the next sync, behind the room for their mark. */
  private pending = emptyGroup()
  private spare = emptyGroup()
  private appendedCount = 0
  private writing: Promise<void> | undefined
  private closing: Promise<void> | undefined
  private hasFailed = false

  constructor(place: Place, handle: FileHandle, { fold, length, cut }: Recovered) {
    this.place = place
    this.handle = handle
    this.fold = fold
    this.length = length
    this.lengthMax = place.deadBytesMax
    this.cut = cut
    this.state = fold.state
  }

  async start(isOld: boolean): Promise<void> {
    if (this.length <= this.lengthMax && !isOld) return
    if (!(await this.rewrite(isOld)) && isOld)
      throw failed(this.place.path, new Error('it is of an older format and could not be written anew'), 'never')
  }

  append(entry: JournalEntry): void {
    // As if the process had died just before.
    if (this.closing !== undefined || this.hasFailed) return
    encodeEntry(this.pending, entry)
    this.fold.add(entry)
    this.appendedCount++
    this.writing ??= this.write()
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.writing
      await this.handle.close()
      await this.place.unlock()
    })()
    return this.closing
  }

  private async write(): Promise<void> {
    // One sync for the entries of this turn of the loop.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.pending.position > markBytes) {
      const { appendedCount } = this
      try {
        await this.makeDurable()
      } catch (cause) {
        // After a failed write or sync nobody knows what the disk holds: nothing is written any more.
        this.hasFailed = true
        this.onFailed(failed(this.place.path, cause, 'unknown'))
        return
      }
      this.onDurable(appendedCount)
    }
    this.writing = undefined
  }

  private async makeDurable(): Promise<void> {
    const group = this.pending
    this.pending = this.spare
    this.spare = group
    const isTooLong = this.length + group.position > this.lengthMax
    if (!isTooLong || !(await this.rewrite())) {
      const { position } = group
      group.position = 0
      encodeEntry(group, { kind: 'mark', offset: this.length })
      // Crash point journal:before-write
      await writeFully(this.handle, group.bytes.subarray(0, position), this.length)
      // Crash point journal:before-sync
      await this.handle.datasync()
      // Crash point journal:after-sync
      this.length += position
    }
    group.position = markBytes
  }

  /**
   * Writes all that still matters, entries not yet written included, into a new file that takes the old one's place: a
   * crash leaves one or the other. False if that gains too little, or cannot be done; then the old one goes on.
   */
  private async rewrite(isNeeded = false): Promise<boolean> {
    const { path, deadBytesMax } = this.place
    const live = encodeJournal(this.fold.entries())
    // Each time at least as much again, so that a large journal of open calls is not written anew all the time.
    this.lengthMax = this.length + Math.max(deadBytesMax, live.length)
    if (!isNeeded && this.length - live.length <= deadBytesMax) return false
    const handle = await replaceFile(path, live)
    if (handle === undefined) return false
    const old = this.handle
    this.handle = handle
    this.length = live.length
    this.lengthMax = live.length + Math.max(deadBytesMax, live.length)
    await old.close()
    await syncFolder(path)
    return true
  }
}

function emptyGroup(): ByteWriter {
  const group = new ByteWriter(4096)
  group.position = markBytes
  return group
}

function failed(file: string, cause: unknown, executed: 'never' | 'unknown'): OncewireError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new OncewireError('journal-failed', executed, `the journal ${file} cannot be used: ${why}`, { cause })
}
