/**
 * `npm run corpus -- DIR`: real .thrift files through our compiler, Apache's, the TypeScript compiler and Node. Writes the
 * section `corpus` of docs/interop.md.
 *
 *     npm run corpus -- DIR [--thrift PATH] [--only TEXT] [--json]
 *
 * DIR holds a folder for each repository, with its `.git`, or with a file `COMMIT` that says `owner/name hash`. With `--only`
 * repositories whose names hold the text are tried, and the document is left as it is.
 * Exit code 1: Apache's compiler says otherwise and nothing explains it, or generated TypeScript does not compile or load.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeSection } from '../../scripts/doc-section.mjs'
import { apacheCompilers } from '../support/apache.ts'
import { asProject } from '../support/generated.ts'
import { judge, type JudgedRepository } from './judge.ts'
import { report, unexplained } from './report.ts'
import { repositories } from './repositories.ts'

const isTerminal = process.stderr.isTTY
const say = (text: string): void => void process.stderr.write(`${isTerminal ? '\r\u001b[K' : ''}${text}\n`)
const progress = (text: string): void => void (isTerminal && process.stderr.write(`\r\u001b[K${text.slice(0, 110)}`))

const { values, positionals } = parseArgs({
  options: { thrift: { type: 'string' }, only: { type: 'string' }, json: { type: 'boolean' } },
  allowPositionals: true,
})
process.exitCode = await main(positionals)

async function main([folder, ...others]: readonly string[]): Promise<number> {
  if (folder === undefined || others.length > 0) {
    say('name one folder that holds repositories with .thrift files: npm run corpus -- DIR')
    return 2
  }
  const [apache] = apacheCompilers(values.thrift)
  if (apache === undefined && values.thrift !== undefined) {
    say(`${values.thrift} is no Apache Thrift compiler`)
    return 2
  }
  if (apache === undefined)
    say('no `thrift` on the PATH, so verdicts are not compared: apt-get install thrift-compiler')
  const project = mkdtempSync(join(tmpdir(), 'oncewire-corpus-'))
  process.once('exit', () => rmSync(project, { recursive: true, force: true }))
  process.once('SIGINT', () => process.exit(130))
  asProject(project)
  const judged: JudgedRepository[] = []
  for (const repository of repositories(folder)) {
    if (!repository.name.includes(values.only ?? '')) continue
    const one = await judge(repository, { apache, project, progress })
    judged.push(one)
    tell(one)
  }
  return finish(judged, apache)
}

function tell({ repository, files, generated, typeErrors, loadErrors }: JudgedRepository): void {
  const accepted = files.filter(({ errors }) => errors.length === 0).length
  say(`${repository.name}: ${files.length} files, ${accepted} accepted, ${generated} generated`)
  for (const error of [...typeErrors, ...loadErrors].slice(0, 10)) say(`  ${error}`)
  if (values.json === true)
    for (const { file, errors, apache, difference } of files)
      console.log(JSON.stringify({ repository: repository.name, file, errors, apache, difference: difference?.reason }))
}

function finish(judged: readonly JudgedRepository[], apache: Parameters<typeof report>[1]): number {
  const files = judged.flatMap((one) => one.files).length
  if (files === 0) {
    say('there is no .thrift file')
    return 2
  }
  const odd = unexplained(judged)
  for (const { repository, file, errors, apache: verdict } of odd) {
    const ours = errors[0] === undefined ? 'ours accepts' : `ours: ${errors[0].message} [${errors[0].code}]`
    say(
      `unexplained: ${repository}/${file}: ${ours}; Apache's ${verdict?.isAccepted ? 'accepts' : `says ${verdict?.said}`}`,
    )
  }
  const broken = judged.flatMap((one) => [...one.typeErrors, ...one.loadErrors]).length
  say(`${files} files; ${odd.length} unexplained differences; ${broken} errors in what was generated`)
  if (values.only === undefined) {
    writeSection(join(import.meta.dirname, '..', '..', 'docs', 'interop.md'), 'corpus', report(judged, apache))
    say('docs/interop.md holds the table')
  }
  return odd.length > 0 || broken > 0 ? 1 : 0
}
