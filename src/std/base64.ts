/**
 * Bytes as base64 text (RFC 4648 section 4), without the platform.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i

/** Padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63)
    text += left > 1 ? alphabet.charAt((group >> 6) & 63) : '='
    text += left > 2 ? alphabet.charAt(group & 63) : '='
  }
  return text
}

/** With padding or without. undefined: the text is no base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  let digits = text.length
  while (digits > 0 && text.length - digits < 2 && text.charCodeAt(digits - 1) === 0x3d) digits--
  if (digits % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4))
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const value = values[text.charCodeAt(i)] ?? -1
    if (value < 0) return undefined
    held = (held << 6) | value
    if (i % 4 === 0) continue
    bytes[at++] = held >> (6 - 2 * (i % 4))
  }
  return bytes
}
