/**
 * Which code this is, by its bytes: a commit would count a seed again that the same code has played already.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/** What a simulated world runs; the rest of the package may change without it being another world. */
const folders = ['std', 'errors', 'wire', 'once', 'rpc', 'transport', 'ledger', 'journal', 'driver', 'sim']

/** Twelve hexadecimal digits. */
export function codeVersion(): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const here = new URL(`../${folder}/`, import.meta.url)
    const names = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(?<!\.test)\.[jt]s$/.test(name),
    )
    for (const name of names.toSorted()) hash.update(`${folder}/${name}\n`).update(readFileSync(new URL(name, here)))
  }
  return hash.digest('hex').slice(0, 12)
}
