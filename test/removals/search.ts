/**
 * Takes rules out of the code, one at a time, and plays worlds until one breaks a promise.
 */
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { root } from '../support/cli.ts'
import { bundleWithout, type Rule } from './rules.ts'

/** What the thread is told. */
export interface Search {
  /** From 1 to this. */
  readonly seeds: number
  /** What the servers keep their ledger in; absent: as the seed says. */
  readonly ledger?: 'postgres' | undefined
}

/** What the thread says. */
export type Said =
  | { readonly kind: 'playing'; readonly seed: number }
  | { readonly kind: 'found'; readonly seed: number; readonly what: string }
  | { readonly kind: 'nothing' }

export interface Found {
  readonly seed: number
  /** The first broken promise. */
  readonly what: string
}

/** `once/admission.ts 2.2 (stale)` */
export const keyOf = ({ file, name }: Rule): string => `${file} ${name}`

/** A world that takes so long goes round in circles; the others take two milliseconds. */
const hungMs = 30_000

/** The first seed that notices; undefined: none of `seeds` does. With no rule: whether the code is right. */
export async function noticedBy(
  rule: Rule | undefined,
  { seeds, entry = 'worlds.ts' }: Search & { readonly entry?: string },
): Promise<Found | undefined> {
  // A rule of that ledger says nothing in worlds without it.
  const ledger = rule?.file.startsWith('ledger/postgres') === true ? 'postgres' : undefined
  // Inside the project, where the bundle finds the packages that it leaves outside.
  const folder = join(root, 'node_modules/.cache/oncewire')
  await mkdir(folder, { recursive: true })
  const place = rule === undefined ? 'nothing' : `${rule.file.replaceAll('/', '-')}-${rule.begin}`
  const file = join(folder, `without-${place}-${process.pid}.mjs`)
  await bundleWithout(rule, join(import.meta.dirname, entry), file)
  try {
    return await hear(new Worker(file, { workerData: { seeds, ledger }, stdout: true, stderr: true }))
  } finally {
    await rm(file)
  }
}

async function hear(worker: Worker): Promise<Found | undefined> {
  let seed = 0
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Found | undefined>((resolve) => {
      const wait = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => resolve({ seed, what: 'goes round in circles' }), hungMs)
      }
      wait()
      worker.on('message', (said: Said) => {
        if (said.kind === 'nothing') return resolve(undefined)
        if (said.kind === 'found') return resolve({ seed: said.seed, what: said.what })
        seed = said.seed
        wait()
      })
      worker.on('error', (error) => resolve({ seed, what: String(error) }))
    })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

/** Does `act` for each, as many at once as there are cores. */
export async function onAllCores<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
}
