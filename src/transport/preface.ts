/**
 * The first bytes of a connection tell what it speaks. Ours: D7 'O' 'W', then the format number. No HTTP method, no
 * Thrift message, no frame length begins with D7.
 */
export const preface: Uint8Array = Uint8Array.of(0xd7, 0x4f, 0x57, 0x01)

export type Speaker = 'ours' | 'newer' | 'other' | 'undecided'

/** Whose the bytes are that have arrived so far. */
export function speakerOf(first: Uint8Array): Speaker {
  for (let i = 0; i < Math.min(first.length, 3); i++) if (first[i] !== preface[i]) return 'other'
  if (first.length < preface.length) return 'undecided'
  return first[3] === preface[3] ? 'ours' : 'newer'
}
