/**
 * Probes of the grammar with a word or two left out, doubled or exchanged: texts that are nearly right.
 */
import fc from 'fast-check'
import { type Probe, probes } from './probes.ts'

/** Our own annotations, at which Apache's compiler does not look. */
const ours = /delivery|effect|\bkey *=|js\.type/
const all = (['accept', 'reject'] as const)
  .flatMap(probes)
  .filter(({ files, text }) => files.size === 1 && text.length < 600 && !ours.test(text))

function wordsOf(text: string): string[] {
  return text.match(/"[^"\n]*"|'[^'\n]*'|[A-Za-z_][\w.]*|[+-]?\d+(?:\.\d+)?|\s+|./g) ?? []
}

const pool = [...new Set(all.flatMap(({ text }) => wordsOf(text)))].filter(
  (word) => /\S/.test(word) && word.length < 20,
)

type Edit = (words: string[], at: number) => void

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.constant<Edit>((words, at) => words.splice(at, 1)),
  fc.constant<Edit>((words, at) => words.splice(at, 0, words[at] as string, ' ')),
  fc.constantFrom(...pool).map(
    (word): Edit =>
      (words, at) =>
        (words[at] = word),
  ),
  fc.constantFrom(...pool).map(
    (word): Edit =>
      (words, at) =>
        words.splice(at, 0, ' ', word, ' '),
  ),
)

/** A mutant, and the probe it was. Comments and strings without an end make Apache's compiler loop: they are left out. */
export const mutants: fc.Arbitrary<{ readonly of: Probe; readonly text: string }> = fc
  .tuple(fc.constantFrom(...all), fc.array(fc.tuple(edit, fc.nat()), { minLength: 1, maxLength: 2 }))
  .map(([of, edits]) => {
    const words = wordsOf(of.text)
    for (const [change, at] of edits) if (words.length > 0) change(words, at % words.length)
    return { of, text: words.join('') }
  })
  .filter(({ text }) => !/\/\*(?!.*\*\/)|["']/s.test(text.replace(/"[^"\n]*"|'[^'\n]*'/g, '')))
