/**
 * A journal as bytes: magic, format, then records. Reads what a crash or a bad disk left. Pure.
 *
 * Invariant: entries are taken from the front, up to the first record that is not whole. What was written behind that
 * without having been synced goes with it: a power cut keeps any of its sectors. If a mark follows, which was written after
 * a sync, the file is damaged and nothing of it is believed.
 */
import { OncewireError } from '../errors/oncewire-error.ts'
import type { JournalEntry } from '../once/journal.ts'
import { ByteReader, ByteWriter } from '../std/bytes.ts'
import { decodeEntry, encodeEntry, isMarkAt, recordAt } from './entry-bytes.ts'

/** `OWJRNL` and two zero bytes. */
const magic = Uint8Array.of(0x4f, 0x57, 0x4a, 0x52, 0x4e, 0x4c, 0, 0)
/** Each holds everything that the ones before it held. */
const format = 3
const headerBytes = magic.length + 4

/** The first format that has marks. */
const markedFormat = 3

/** A whole journal with these entries, to be synced before anybody sees it. */
export function encodeJournal(entries: Iterable<JournalEntry>): Uint8Array {
  const out = new ByteWriter(4096)
  out.raw(magic)
  out.u32(format)
  for (const entry of entries) encodeEntry(out, entry)
  if (out.position > headerBytes) encodeEntry(out, { kind: 'mark', offset: out.position })
  return out.bytes.subarray(0, out.position)
}

/**
 * What the journal in `bytes` says, and how many of its bytes say it; what lies behind was being written when the process
 * or the machine died. `isOld`: it is of an older format, and must be written anew before it is appended to. Undefined: a new file, or one that died before its header was whole.
 *
 * @throws {OncewireError} journal-damaged, journal-format
 */
export function readJournal(
  path: string,
  bytes: Uint8Array,
): { readonly entries: JournalEntry[]; readonly wholeBytes: number; readonly isOld: boolean } | undefined {
  const isOurs = magic.subarray(0, bytes.length).every((byte, i) => byte === bytes[i])
  // The length of a file may be on disk before what it holds.
  const isUnwritten = bytes.length <= headerBytes && bytes.every((byte) => byte === 0)
  if (isUnwritten) return undefined
  if (!isOurs) throw damaged(`${path} is no Oncewire journal; it was left as it is`)
  if (bytes.length < headerBytes) return undefined
  const found = new ByteReader(bytes.subarray(magic.length, headerBytes)).u32()
  if (found < 1 || found > format) throw wrongFormat(path, found)
  const entries: JournalEntry[] = []
  let at = headerBytes
  for (let record = recordAt(bytes, at); record !== undefined; record = recordAt(bytes, at)) {
    if (!isMarkAt(bytes, at)) entries.push(decode(path, at, record.body))
    at = record.end
  }
  const isLater = (place: number): boolean =>
    found < markedFormat ? recordAt(bytes, place) !== undefined : isMarkAt(bytes, place)
  if (isAnyAfter(bytes, at, isLater)) {
    const message = `${path}: the record at byte ${at} does not match its checksum, and what was written after a later sync follows; it was left as it is`
    throw damaged(message)
  }
  return { entries, wholeBytes: at, isOld: found < format }
}

function decode(path: string, at: number, body: Uint8Array): JournalEntry {
  try {
    return decodeEntry(body)
  } catch (cause) {
    throw damaged(`${path}: the record at byte ${at} is none of format ${format}; it was left as it is`, cause)
  }
}

function isAnyAfter(bytes: Uint8Array, from: number, isThere: (at: number) => boolean): boolean {
  for (let at = from + 1; at < bytes.length; at++) if (isThere(at)) return true
  return false
}

function wrongFormat(path: string, found: number): OncewireError {
  const message = `${path} is a journal of format ${found}, and this version reads formats 1 to ${format}: install a newer oncewire`
  return new OncewireError('journal-format', 'never', message)
}

function damaged(message: string, cause?: unknown): OncewireError {
  return new OncewireError('journal-damaged', 'never', message, { cause })
}
