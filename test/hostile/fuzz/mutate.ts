/**
 * Changes inputs a little, as hostile peers and broken networks do: bits, sizes, cuts, repetitions, words of the language.
 */

/** In [0, 1). */
export type Random = () => number

export interface Material {
  readonly random: Random
  /** Words that the target looks for. */
  readonly words: readonly Uint8Array[]
  /** Other inputs, to be grafted in. */
  readonly others: readonly Uint8Array[]
  readonly bytesMax: number
}

/** Sizes and numbers at the edges of what fits. */
const oddNumbers = [
  0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 65, 127, 128, 255, 256, 1023, 1024, 32_767, 32_768, 65_535, 65_536, 1_000_000,
  16_384_000, 16_384_001, 0x1000_0000, 0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
]

export function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T
}

/** One to eight changes, one after the other. */
export function mutate(input: Uint8Array, material: Material): Uint8Array {
  const { random, bytesMax } = material
  let bytes = new Uint8Array(input)
  for (let left = 1 + Math.floor(random() ** 3 * 8); left > 0; left--) bytes = pick(changes, random)(bytes, material)
  return bytes.length > bytesMax ? bytes.subarray(0, bytesMax) : bytes
}

type Change = (bytes: Uint8Array<ArrayBuffer>, material: Material) => Uint8Array<ArrayBuffer>

const below = (count: number, random: Random): number => Math.floor(random() * count)

const flip: Change = (bytes, { random }) => {
  if (bytes.length > 0) (bytes as Uint8Array)[below(bytes.length, random)]! ^= 1 << below(8, random)
  return bytes
}

const set: Change = (bytes, { random }) => {
  if (bytes.length > 0) bytes[below(bytes.length, random)] = below(256, random)
  return bytes
}

const add: Change = (bytes, { random }) => {
  if (bytes.length > 0) (bytes as Uint8Array)[below(bytes.length, random)]! += below(35, random) - 17
  return bytes
}

const number: Change = (bytes, { random }) => {
  const width = pick([1, 2, 4], random)
  if (bytes.length < width) return bytes
  const near = random() < 0.5 ? bytes.length + below(9, random) - 4 : pick(oddNumbers, random)
  const view = new DataView(bytes.buffer)
  const at = below(bytes.length - width + 1, random)
  if (width === 4) view.setUint32(at, near)
  else if (width === 2) view.setUint16(at, near)
  else view.setUint8(at, near)
  return bytes
}

const varint: Change = (bytes, { random }) => {
  const digits: number[] = []
  let left = pick(oddNumbers, random)
  for (; left > 127; left = Math.floor(left / 128)) digits.push((left % 128) | 128)
  return replaced(bytes, { at: below(bytes.length + 1, random), remove: below(3, random) }, [...digits, left])
}

const cut: Change = (bytes, { random }) => bytes.slice(0, below(bytes.length + 1, random))

const remove: Change = (bytes, { random }) => {
  const [at, end] = range(bytes, random)
  return replaced(bytes, { at, remove: end - at }, [])
}

const insert: Change = (bytes, { random }) => {
  const fresh = Array.from({ length: 1 + below(8, random) }, () =>
    random() < 0.5 ? below(16, random) : below(256, random),
  )
  return replaced(bytes, { at: below(bytes.length + 1, random), remove: 0 }, fresh)
}

const copy: Change = (bytes, { random }) => {
  const [from, end] = range(bytes, random)
  return replaced(bytes, { at: below(bytes.length + 1, random), remove: 0 }, bytes.slice(from, end))
}

const repeat: Change = (bytes, { random, bytesMax }) => {
  const [from, end] = range(bytes, random)
  if (end === from || random() < 0.7) return bytes
  const count = Math.min(below(1 << below(12, random), random) + 1, Math.floor(bytesMax / (end - from)))
  const many = new Uint8Array(count * (end - from))
  for (let i = 0; i < count; i++) many.set(bytes.subarray(from, end), i * (end - from))
  return replaced(bytes, { at: from, remove: 0 }, many)
}

const word: Change = (bytes, { random, words }) => {
  if (words.length === 0) return bytes
  const at = below(bytes.length + 1, random)
  return replaced(bytes, { at, remove: random() < 0.5 ? 0 : below(8, random) }, pick(words, random))
}

const graft: Change = (bytes, { random, others }) => {
  if (others.length === 0) return bytes
  const other = pick(others, random)
  const [from, end] = range(other, random)
  const [at, until] = range(bytes, random)
  return replaced(bytes, { at, remove: random() < 0.5 ? 0 : until - at }, other.subarray(from, end))
}

const digit: Change = (bytes, { random }) => {
  const digits = [...bytes.keys()].filter((at) => (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39)
  if (digits.length > 0) bytes[pick(digits, random)] = 0x30 + below(10, random)
  return bytes
}

const changes: readonly Change[] = [
  flip,
  set,
  add,
  number,
  varint,
  cut,
  remove,
  insert,
  copy,
  repeat,
  word,
  graft,
  digit,
]

/** Mostly short ones. */
function range(bytes: Uint8Array, random: Random): [from: number, end: number] {
  const from = below(bytes.length + 1, random)
  const length =
    random() < 0.7 ? below(Math.min(16, bytes.length - from + 1), random) : below(bytes.length - from + 1, random)
  return [from, from + length]
}

function replaced(
  bytes: Uint8Array,
  { at, remove }: { readonly at: number; readonly remove: number },
  by: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const behind = Math.min(bytes.length, at + remove)
  const made = new Uint8Array(at + by.length + bytes.length - behind)
  made.set(bytes.subarray(0, at))
  made.set(by, at)
  made.set(bytes.subarray(behind), at + by.length)
  return made
}
