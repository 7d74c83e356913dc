/**
 * What pure code borrows from the host: UTF-8 in C++ where there is some, zlib, and the shapes of two platform types.
 * Nothing here reads a clock or draws a random number.
 *
 * Invariant: works in Node and in a browser; no folder above the IO line names a platform global elsewhere.
 */

/** As much of the platform's AbortSignal as a call needs. */
export interface Signal {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

interface NodeBuffer {
  readonly prototype: {
    utf8Write(this: Uint8Array, text: string, offset: number, length: number): number
    utf8Slice(this: Uint8Array, start: number, end: number): string
  }
}
interface Zlib {
  inflateSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array
  deflateSync(bytes: Uint8Array): Uint8Array
}
interface Platform {
  readonly Buffer?: NodeBuffer
  readonly process?: { getBuiltinModule?(name: 'node:zlib'): Zlib }
  readonly TextEncoder?: new () => { encodeInto(text: string, into: Uint8Array): { readonly written: number } }
  readonly TextDecoder?: new (label: 'utf-8', options: { ignoreBOM: true }) => { decode(bytes: Uint8Array): string }
}

const platform = globalThis as Platform

/** Writes `text` as UTF-8 at `offset`; answers how many bytes it took. The room must be there: 3 bytes a unit. */
export const utf8Write: (into: Uint8Array, text: string, offset: number) => number = chooseWrite()

/** The text of `bytes[start, end)`; bad UTF-8 reads as U+FFFD. */
export const utf8Slice: (bytes: Uint8Array, start: number, end: number) => string = chooseSlice()

/** What `deflate` made; undefined if these bytes are none, or more than `bytesMax` come out. */
export function inflate(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined {
  try {
    return zlib().inflateSync(bytes, { maxOutputLength: bytesMax })
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

/** In the zlib format (RFC 1950). */
export function deflate(bytes: Uint8Array): Uint8Array {
  return zlib().deflateSync(bytes)
}

function zlib(): Zlib {
  const found = platform.process?.getBuiltinModule?.('node:zlib')
  if (found === undefined) throw new Error('this platform has no zlib that answers at once')
  return found
}

function chooseWrite(): typeof utf8Write {
  const write = platform.Buffer?.prototype.utf8Write
  if (write !== undefined) return (into, text, offset) => write.call(into, text, offset, into.length - offset)
  if (platform.TextEncoder === undefined) throw new Error('this platform has neither Buffer nor TextEncoder')
  const encoder = new platform.TextEncoder()
  return (into, text, offset) => encoder.encodeInto(text, into.subarray(offset)).written
}

function chooseSlice(): typeof utf8Slice {
  const slice = platform.Buffer?.prototype.utf8Slice
  if (slice !== undefined) return (bytes, start, end) => slice.call(bytes, start, end)
  if (platform.TextDecoder === undefined) throw new Error('this platform has neither Buffer nor TextDecoder')
  const decoder = new platform.TextDecoder('utf-8', { ignoreBOM: true })
  return (bytes, start, end) => decoder.decode(bytes.subarray(start, end))
}
