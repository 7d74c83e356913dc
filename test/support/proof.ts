/**
 * Figures of long runs, for docs/proof.md: every run adds its own, and the page is written from all of them.
 *
 * Invariant: the page says what runs measured, and by which command it is measured again; nobody types a figure.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendProof, type Figures, type NewFigures, type ProofFile, readProof } from '../../src/cli/proof-file.ts'
import { sections, type SectionName } from './proof-sections.ts'
import { root } from './cli.ts'

export const proofFile: string = join(root, 'docs', 'proof.json')
export const proofPage: string = join(root, 'docs', 'proof.md')

/**
 * Adds what a run measured: `total` to the sums over all runs, `last` in place of what the last run said. Call it only for
 * a run in full in which nothing was wrong; the shortened forms of CI and of `npm test` add nothing.
 */
export function addProof(name: SectionName, figures: NewFigures): void {
  appendProof(proofFile, name, figures)
  writeFileSync(proofPage, proofDocument(readProof(proofFile)))
}

/** The page, from the figures. */
export function proofDocument(proof: ProofFile): string {
  const parts = Object.entries(sections).flatMap(([name, { title, about, command }]) => {
    const section = proof[name]
    if (section === undefined) return []
    const { date, commit, runs, total, last } = section
    const ofRuns = runs === 1 ? 'one run' : `${runs.toLocaleString('en')} runs`
    return [
      `## ${title}`,
      about,
      `\`${command}\` · ${total === undefined ? 'last run' : `${ofRuns}, the last`} on ${date}, commit ${commit}`,
      ...(total === undefined ? [] : tables(total)),
      ...(last === undefined ? [] : [...(total === undefined ? [] : ['The last run:']), ...tables(last)]),
    ]
  })
  return `${[head, ...parts].join('\n\n')}\n`
}

const head = `# Proof

What was done to Oncewire to make it break a promise, and how often it did. Every figure was written by the run that
measured it (docs/proof.json); the command under each title measures it again. A run that breaks a promise adds nothing
here: it fails, and what it found is mended first. What is promised stands in [guarantees.md](guarantees.md).`

/** Single figures in one table, and a table for each record. */
function tables(figures: Figures): string[] {
  const single = Object.entries(figures).filter(([, figure]) => typeof figure !== 'object')
  const records = Object.entries(figures).flatMap(([name, figure]) =>
    typeof figure === 'object' ? [table(words(name), Object.entries(figure))] : [],
  )
  return [
    ...(single.length === 0
      ? []
      : [
          table(
            '',
            single.map(([name, figure]) => [words(name), figure as number | string]),
          ),
        ]),
    ...records,
  ]
}

function table(title: string, rows: readonly (readonly [string, number | string])[]): string {
  const lines = rows.map(([name, figure]) => `| ${name} | ${shown(figure)} |`)
  return [`| ${title} | |`, '|---|---:|', ...lines].join('\n')
}

const shown = (figure: number | string): string =>
  typeof figure === 'string' ? figure : figure.toLocaleString('en', { maximumFractionDigits: 1 })

/** `crashPoints` -> `crash points` */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

if (process.argv[1] === import.meta.filename) {
  // `tsx test/support/proof.ts`: writes the page again, after a merge for example.
  writeFileSync(proofPage, proofDocument(readProof(proofFile)))
  process.stderr.write(`${readFileSync(proofPage, 'utf8').split('\n').length} lines in docs/proof.md\n`)
}
