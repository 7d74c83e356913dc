/**
 * Fuzzes every target for its share of the time, and watches the thread that does it.
 */
import { Worker } from 'node:worker_threads'
import { targets } from '../targets/index.ts'
import { type Kept, readCorpus } from './corpus.ts'
import { bundle, type Bundled } from './coverage.ts'
import type { Job, Told } from './worker.ts'

export interface FuzzedTarget {
  readonly target: string
  /** Inputs tried. */
  readonly count: number
  /** Branches of the sources reached. */
  readonly reached: number
  /** The fewest inputs that reach them. */
  readonly corpus: readonly Uint8Array[]
  readonly findings: readonly Kept[]
}

export interface FuzzOptions {
  readonly seed: number
  readonly milliseconds: number
  /** Names of targets; all if empty. */
  readonly only: readonly string[]
  readonly onProgress: (text: string) => void
}

/** Longest input that a target is given. */
const inputBytesMax = 1 << 17
/** No input may keep the thread busy for so long, on a machine that others use too. */
const hangMs = 20_000

export async function fuzz(options: FuzzOptions, file: string): Promise<FuzzedTarget[]> {
  const bundled = await bundle(`${import.meta.dirname}/worker.ts`, file, /\/src\/[^.]*\.ts$/)
  const chosen = targets.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const done: FuzzedTarget[] = []
  for (const { name } of chosen) {
    done.push(
      await fuzzOne(name, { ...options, milliseconds: options.milliseconds / chosen.length }, { bundled, file }),
    )
  }
  return done
}

function fuzzOne(
  target: string,
  { seed, milliseconds, onProgress }: FuzzOptions,
  { bundled, file }: { readonly bundled: Bundled; readonly file: string },
): Promise<FuzzedTarget> {
  const shared = new SharedArrayBuffer(8 + inputBytesMax)
  const corpus = readCorpus(target).map(({ input }) => input)
  const words = bundled.dictionary.filter((word) => word.length > 0 && word.length <= 24 && !/^\.|\s/.test(word))
  const { counterCount } = bundled
  const workerData: Job = { target, seed, milliseconds, words, counterCount, corpus, shared }
  const findings: Kept[] = []
  let last = { count: 0, reached: 0 }
  return new Promise((resolve) => {
    const worker = new Worker(file, { workerData, resourceLimits: { maxOldGenerationSizeMb: 1024 } })
    const numbers = new Int32Array(shared, 0, 2)
    const end = (ended: readonly Uint8Array[]): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve({ target, ...last, corpus: ended, findings })
    }
    const fails = (why: string): void => {
      findings.push({ input: new Uint8Array(shared.slice(8, 8 + (numbers[1] ?? 0))), why })
      end(corpus)
    }
    let begun = -1
    const watch = setInterval(() => {
      if (begun === numbers[0]) return fails(`does not end within ${hangMs} ms`)
      begun = numbers[0] ?? 0
    }, hangMs)
    worker.on('error', (error) => fails(String(error)))
    worker.on('message', (told: Told) => {
      if (told.kind === 'finding') return void findings.push(told)
      last = { count: told.count, reached: told.reached }
      if (told.kind === 'end') return end(told.corpus)
      onProgress(`${target}: ${told.count} inputs, ${told.reached} branches, ${told.kept} kept`)
    })
  })
}
