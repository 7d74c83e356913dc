/**
 * Writes what a run measured into a document, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces the section; throws if the document has no such marks. */
export function writeSection(file, name, text) {
  const begin = `<!-- ${name}: begin -->`
  const end = `<!-- ${name}: end -->`
  const [before, inside] = readFileSync(file, 'utf8').split(begin)
  const after = inside?.split(end)[1]
  if (after === undefined) throw new Error(`${file} has no section between "${begin}" and "${end}"`)
  writeFileSync(file, `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`)
}
