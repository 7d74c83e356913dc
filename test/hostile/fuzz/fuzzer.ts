/**
 * Keeps the inputs that reach new code and changes them again (as AFL does): one target, one seed, one thread.
 *
 * Invariant: the same seed, corpus and sources give the same inputs.
 */
import type { Target } from './target.ts'
import { mutate, type Random } from './mutate.ts'

/** What went wrong with an input. */
export interface Finding {
  readonly input: Uint8Array
  readonly error: unknown
}

export interface FuzzerOptions {
  readonly target: Target
  readonly corpus: readonly Uint8Array[]
  readonly words: readonly Uint8Array[]
  readonly random: Random
  /** A counter for each branch of the sources, counted up as they run. */
  readonly hits: Uint8Array
  /** Told before each input runs, for whoever watches over hangs. */
  readonly onInput?: (input: Uint8Array) => void
}

export class Fuzzer {
  /** Inputs tried. */
  count = 0
  readonly corpus: Uint8Array[] = []
  readonly findings: Finding[] = []
  private readonly options: FuzzerOptions
  /** For each branch, how often it was taken by some input, as a set of magnitudes. */
  private readonly seen: Uint8Array
  private readonly words: Uint32Array

  constructor(options: FuzzerOptions) {
    this.options = options
    const { hits } = options
    this.seen = new Uint8Array(hits.length)
    this.words = new Uint32Array(hits.buffer, hits.byteOffset, hits.length / 4)
    for (const input of [...options.target.seeds(), ...options.corpus]) this.try(input)
    if (this.corpus.length === 0) this.corpus.push(new Uint8Array())
  }

  /** Branches reached. */
  get reached(): number {
    return this.seen.reduce((count, magnitudes) => count + (magnitudes === 0 ? 0 : 1), 0)
  }

  /** One more input. */
  step(): void {
    const { random, words, target } = this.options
    const { corpus } = this
    // What was found last is what is least known.
    const young = random() < 0.5 ? Math.floor(corpus.length * 0.75) : 0
    const parent = corpus[young + Math.floor(random() * (corpus.length - young))] as Uint8Array
    const bytesMax = random() < 0.001 ? target.bytesMax * 16 : target.bytesMax
    this.try(mutate(parent, { random, words, others: corpus, bytesMax }))
  }

  /** A few short inputs that reach every branch that was reached. */
  distilled(): Uint8Array[] {
    const { hits } = this.options
    const byLength = [...this.corpus].sort((a, b) => a.length - b.length)
    const reached = new Uint8Array(hits.length)
    const reachesMore = (input: Uint8Array): boolean => {
      if (!this.run(input)) return false
      const isMore = hits.some((count, at) => count > 0 && reached[at] === 0)
      if (isMore) hits.forEach((count, at) => (reached[at] = (reached[at] as number) | count))
      return isMore
    }
    // Of those chosen, shortest first, some are not needed when the longer ones are there.
    const chosen = byLength.filter(reachesMore).reverse()
    reached.fill(0)
    return chosen.filter(reachesMore).sort(byText)
  }

  private try(input: Uint8Array): void {
    this.count++
    if (this.run(input) && this.takeNew()) this.corpus.push(this.trimmed(input))
  }

  private run(input: Uint8Array): boolean {
    const { hits, target, onInput } = this.options
    hits.fill(0)
    onInput?.(input)
    try {
      target.run(input)
      return true
    } catch (error) {
      this.findings.push({ input, error })
      return false
    }
  }

  /** Whether the last run did what none did before; from now on it has been done. */
  private takeNew(): boolean {
    const { hits } = this.options
    const { seen, words } = this
    let isNew = false
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue
      for (let at = word * 4; at < word * 4 + 4; at++) {
        const magnitude = magnitudeOf(hits[at] as number)
        if (((seen[at] as number) & magnitude) === magnitude) continue
        seen[at] = (seen[at] as number) | magnitude
        isNew = true
      }
    }
    return isNew
  }

  /** A shorter input that takes the same branches equally often, if one is found quickly. */
  private trimmed(input: Uint8Array): Uint8Array {
    const { hits } = this.options
    const wanted = hits.map(magnitudeOf)
    const isSame = (): boolean => wanted.every((magnitude, at) => magnitude === magnitudeOf(hits[at] as number))
    const failed = this.findings.length
    let best = input
    for (let size = best.length >> 1; size > best.length >> 5; size >>= 1) {
      for (let at = 0; at + size <= best.length;) {
        const shorter = new Uint8Array(best.length - size)
        shorter.set(best.subarray(0, at))
        shorter.set(best.subarray(at + size), at)
        if (this.run(shorter) && isSame()) best = shorter
        else at += size
      }
    }
    this.findings.length = failed
    return best
  }
}

/** 0, 1, 2, 3, 4 to 7, 8 to 31, 32 to 127, more: as bits. */
function magnitudeOf(hits: number): number {
  if (hits < 4) return hits === 0 ? 0 : 1 << (hits - 1)
  return hits < 8 ? 8 : hits < 32 ? 16 : hits < 128 ? 32 : 64
}

function byText(a: Uint8Array, b: Uint8Array): number {
  return a.length - b.length || Buffer.compare(a, b)
}
