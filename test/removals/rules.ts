/**
 * The code with one rule of the call protocol taken out: a statement that a comment `// Rule 2.2 (stale)` marks.
 *
 * Invariant: the code itself has no switch for this; a copy of it is bundled without the statement.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import ts from 'typescript'

const src = join(import.meta.dirname, '../../src')

export interface Rule {
  /** `2.2 (stale)` */
  readonly name: string
  /** Below src/. */
  readonly file: string
  readonly begin: number
  readonly end: number
}

/** Every marked rule. Throws for a mark that stands before no statement. */
export function rules(): Rule[] {
  return ['once', 'ledger', 'driver', 'journal'].flatMap((folder) =>
    readdirSync(join(src, folder))
      .filter((name) => /(?<!\.test|-contract)\.ts$/.test(name))
      .flatMap((name) => rulesOf(`${folder}/${name}`)),
  )
}

const mark = /\/\/ Rule (\d[\d.]* \([\w-]+\))/

function rulesOf(file: string): Rule[] {
  const text = readFileSync(join(src, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Rule[] = []
  const visit = (node: ts.Node): void => {
    const isStatement = ts.isStatement(node) && !ts.isBlock(node)
    for (const range of isStatement ? (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) : []) {
      const name = mark.exec(text.slice(range.pos, range.end))?.[1]
      if (name !== undefined) found.push({ name, file, begin: node.getStart(), end: node.getEnd() })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const marks = text.match(new RegExp(mark, 'g')) ?? []
  if (marks.length !== found.length)
    throw new Error(`${file}: ${marks.length} marks, and ${found.length} statements behind them`)
  return found
}

/** Bundles `entry` without the rule, into `outfile`; with no rule, as it is. */
export async function bundleWithout(rule: Rule | undefined, entry: string, outfile: string): Promise<void> {
  const removal: Plugin = {
    name: 'removal',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (rule === undefined || path !== join(src, rule.file)) return undefined
        const text = readFileSync(path, 'utf8')
        return { contents: `${text.slice(0, rule.begin)};${text.slice(rule.end)}`, loader: 'ts' }
      })
    },
  }
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    // Worlds of what users bring along would need their packages; none is played here.
    packages: 'external',
    plugins: [removal],
    logLevel: 'silent',
  })
}
