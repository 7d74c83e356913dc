/**
 * Inputs that are kept: `test/corpus/TARGET.txt`, one in base64 a line. What stands behind it says why it is there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const corpusFolder: string = join(import.meta.dirname, '..', '..', 'corpus')

export interface Kept {
  readonly input: Uint8Array
  /** What it once broke; '' if it only reaches code that others do not. */
  readonly why: string
}

export function readCorpus(target: string, folder: string = corpusFolder): Kept[] {
  const file = join(folder, `${target}.txt`)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => {
    const [base64 = '', ...why] = line.split(' ')
    return { input: new Uint8Array(Buffer.from(base64, 'base64')), why: why.join(' ') }
  })
}

export function writeCorpus(target: string, kept: readonly Kept[], folder: string = corpusFolder): void {
  const lines = kept.map(({ input, why }) => `${Buffer.from(input).toString('base64')}${why === '' ? '' : ` ${why}`}\n`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${target}.txt`), lines.join(''))
}
