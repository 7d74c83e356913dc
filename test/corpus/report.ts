/**
 * What a run over real .thrift files found, as the section `corpus` of docs/interop.md.
 */
import type { ApacheCompiler } from '../support/apache.ts'
import type { JudgedFile, JudgedRepository } from './judge.ts'

type Placed = JudgedFile & { readonly repository: string }

/** Every file with the name of its repository. */
function placed(all: readonly JudgedRepository[]): Placed[] {
  return all.flatMap(({ repository, files }) => files.map((file) => ({ ...file, repository: repository.name })))
}

const isOurs = ({ errors }: JudgedFile): boolean => errors.length === 0
const isApaches = ({ apache }: JudgedFile): boolean => apache?.isAccepted === true
const differs = (file: JudgedFile): boolean => file.apache !== undefined && isOurs(file) !== isApaches(file)

/** Files about which the two differ and nothing says why. */
export function unexplained(all: readonly JudgedRepository[]): Placed[] {
  return placed(all).filter((file) => differs(file) && file.difference === undefined)
}

export function report(all: readonly JudgedRepository[], apache: ApacheCompiler | undefined): string {
  const files = placed(all)
  const [refused, differing] = [files.filter((file) => !isOurs(file) && !differs(file)), files.filter(differs)]
  return [
    summary(all, files, apache),
    repositoryTable(all, apache),
    `### Refused${apache === undefined ? '' : ' by both'}, and why\n\n${refusedTable(refused)}`,
    ...(apache === undefined ? [] : [`### Where the two differ, and why\n\n${differenceList(differing)}`]),
  ].join('\n\n')
}

function summary(
  all: readonly JudgedRepository[],
  files: readonly Placed[],
  apache: ApacheCompiler | undefined,
): string {
  const lines = sum(files.map((file) => file.lines))
  const accepted = files.filter(isOurs).length
  const generated = sum(all.map((one) => one.generated))
  const failing = all.flatMap((one) => [...one.typeErrors, ...one.loadErrors]).length
  const judged = `**${number(files.length)} files** (${number(lines)} lines) of ${all.length} repositories: ours accepts ${number(accepted)}`
  const compared =
    apache === undefined
      ? '. Apache’s compiler was not asked.'
      : ` and refuses ${number(files.length - accepted)}; Apache's compiler ${apache.version} says the same of ` +
        `${number(files.filter((file) => !differs(file)).length)}, and each of the other ${number(files.filter(differs).length)} is below.`
  return (
    `${judged}${compared} From the accepted files ${number(generated)} TypeScript files were generated ` +
    `(${number(sum(all.map((one) => one.generatedLines)))} lines), type-checked under every strict flag and loaded by Node: ` +
    `**${failing === 0 ? 'no error' : `${number(failing)} errors`}**.`
  )
}

function repositoryTable(all: readonly JudgedRepository[], apache: ApacheCompiler | undefined): string {
  const head = [
    'repository',
    'commit',
    'files',
    'accepted',
    'refused',
    ...(apache === undefined ? [] : ['differ']),
    'compile',
    'load',
  ]
  const rows = all.map((one) => {
    const { repository, files, generated } = one
    const broken = (errors: readonly string[]): string =>
      errors.length === 0 ? String(generated) : `${generated}, with ${errors.length} errors`
    return [
      repository.name,
      repository.commit === undefined ? '' : `\`${repository.commit.slice(0, 12)}\``,
      files.length,
      files.filter(isOurs).length,
      files.filter((file) => !isOurs(file)).length,
      ...(apache === undefined ? [] : [files.filter(differs).length]),
      broken(one.typeErrors),
      broken(one.loadErrors),
    ].join(' | ')
  })
  const align = head.map((_, column) => (column < 2 ? '---' : '---:'))
  const table = [head.join(' | '), align.join(' | '), ...rows].map((row) => `| ${row} |`).join('\n')
  const remarks = grouped(
    all.flatMap(({ repository: { name, remarks } }) => remarks.map((remark) => ({ name, remark }))),
    ({ remark }) => remark,
  )
  const notes = [...remarks].map(([remark, of]) => `- ${of.map(({ name }) => name).join(', ')}: ${remark}`)
  return notes.length === 0 ? table : `${table}\n\n${notes.join('\n')}`
}

/** Why a file is refused, in a few words. */
function whyRefused({ errors }: JudgedFile): string {
  const foreign = errors.find(
    ({ code, suggestion }) => code === 'foreign' || suggestion?.startsWith('float is') === true,
  )
  const whose = /is (\w+)'s, not Apache/.exec(foreign?.message ?? '')?.[1]
  if (foreign !== undefined) return `another dialect: ${whose ?? 'fbthrift'}'s`
  if (errors.some(({ suggestion }) => suggestion?.endsWith('was not found') === true))
    return 'an include that is not in the repository'
  return 'wrong, most of them on purpose'
}

function refusedTable(refused: readonly Placed[]): string {
  const reasons = grouped(refused, whyRefused)
  const rows = [...reasons].sort(([, a], [, b]) => b.length - a.length)
  const text = rows.map(([reason, files]) => {
    const names = [...new Set(files.map(({ repository }) => repository))]
    const codes = [...grouped(files, ({ errors }) => errors[0]?.code ?? '')].sort(([, a], [, b]) => b.length - a.length)
    const what = reason.startsWith('wrong') ? `: ${codes.map(([code, of]) => `${code} ${of.length}`).join(', ')}` : ''
    return `| ${reason}${what} | ${files.length} | ${names.length > 6 ? `${names.length} repositories` : names.join(', ')} |`
  })
  return ['| why | files | in |', '| --- | ---: | --- |', ...text].join('\n')
}

function differenceList(differing: readonly Placed[]): string {
  if (differing.length === 0) return 'Nowhere.'
  const groups = grouped(differing, (file) => {
    const who = isOurs(file) ? 'Ours accepts' : 'Ours refuses'
    return `${who}: ${file.difference?.reason ?? `**unexplained**: ${file.apache?.said || file.errors[0]?.message}`}`
  })
  return [...groups]
    .map(([reason, files]) => {
      const names = files.map(({ repository, file }) => `  - ${repository}: ${file}`).sort()
      return [`- ${reason}`, ...names].join('\n')
    })
    .join('\n')
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function number(n: number): string {
  return n.toLocaleString('en-US')
}
