/**
 * Fuzzes one target in a thread of its own, which may hang or run out of memory: whoever started it sees the input that it
 * was at.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { seededRandom } from '../../../src/std/prng.ts'
import { targets } from '../targets/index.ts'
import { Fuzzer } from './fuzzer.ts'

export interface Job {
  readonly target: string
  readonly seed: number
  readonly milliseconds: number
  readonly words: readonly string[]
  readonly counterCount: number
  readonly corpus: readonly Uint8Array[]
  /** Two numbers, then an input: how many have begun, its length, its bytes. */
  readonly shared: SharedArrayBuffer
}

export type Told =
  | { readonly kind: 'progress'; readonly count: number; readonly reached: number; readonly kept: number }
  | { readonly kind: 'finding'; readonly input: Uint8Array; readonly why: string }
  | { readonly kind: 'end'; readonly count: number; readonly reached: number; readonly corpus: readonly Uint8Array[] }

/** An input that takes longer, each of some times, is a finding: none is over 64 KiB. */
const slowMs = 250
const findingsMax = 20
const progressMs = 250

const job = workerData as Job
const target = targets.find(({ name }) => name === job.target)
if (target === undefined || parentPort === null) throw new Error(`there is no target ${job.target}`)
const tell = (told: Told): void => parentPort?.postMessage(told)
const numbers = new Int32Array(job.shared, 0, 2)
const place = new Uint8Array(job.shared, 8)
const hits = (globalThis as unknown as { readonly oncewireHits: Uint8Array }).oncewireHits
// Most inputs end as an error, whose stack nobody reads.
Error.stackTraceLimit = 0

const fuzzer = new Fuzzer({
  target,
  corpus: job.corpus,
  words: job.words.map((word) => new Uint8Array(Buffer.from(word))),
  random: seededRandom(job.seed),
  hits: hits.subarray(0, Math.ceil(job.counterCount / 4) * 4),
  onInput(input) {
    place.set(input)
    numbers[1] = input.length
    Atomics.add(numbers, 0, 1)
  },
})
const endMs = performance.now() + job.milliseconds
let toldMs = 0
let toldFindings = 0
while (performance.now() < endMs && fuzzer.findings.length < findingsMax) {
  const begunMs = performance.now()
  fuzzer.step()
  if (performance.now() - begunMs > slowMs) tellSlow(place.slice(0, numbers[1]))
  if (performance.now() - toldMs < progressMs) continue
  toldMs = performance.now()
  tell({ kind: 'progress', count: fuzzer.count, reached: fuzzer.reached, kept: fuzzer.corpus.length })
  tellFindings()
}
tellFindings()
tell({ kind: 'end', count: fuzzer.count, reached: fuzzer.reached, corpus: fuzzer.distilled() })

function tellFindings(): void {
  for (const { input, error } of fuzzer.findings.slice(toldFindings))
    tell({ kind: 'finding', input, why: whyOf(input, error) })
  toldFindings = fuzzer.findings.length
}

/** With a stack this time. */
function whyOf(input: Uint8Array, error: unknown): string {
  Error.stackTraceLimit = 20
  try {
    target?.run(input)
    return `${String(error)} (and not when it was run again)`
  } catch (again) {
    return again instanceof Error ? (again.stack ?? again.message) : String(again)
  } finally {
    Error.stackTraceLimit = 0
  }
}

/** What is slow only once was somebody else's work. */
function tellSlow(input: Uint8Array): void {
  let least = Infinity
  for (let time = 0; time < 5; time++) {
    const begunMs = performance.now()
    try {
      target?.run(input)
    } catch {
      // It is told as a finding of its own.
    }
    least = Math.min(least, performance.now() - begunMs)
  }
  if (least > slowMs) tell({ kind: 'finding', input, why: `takes ${Math.round(least)} ms` })
}
