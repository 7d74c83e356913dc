/**
 * `oncewire diff`: what a change of an IDL breaks, and whom. The rules: src/idl/diff-rules.ts.
 */
import type { Command } from 'commander'
import { type Change, diff, type Site } from '../idl/diff.ts'
import { type Break, isRuleName, rules, victims } from '../idl/diff-rules.ts'
import { didYouMean } from '../std/suggest.ts'
import { renderDiagnostics } from './idl-files.ts'
import { loadVersion, type Version, versionsOf } from './idl-versions.ts'
import { collect, counted, exitCodes, isColored, painted, say, UsageError } from './terminal.ts'

interface DiffFlags {
  readonly include?: readonly string[]
  readonly allow?: readonly string[]
  readonly rules?: true
  readonly json?: true
}

/** The gravest first. */
const breaks: Readonly<Record<Break, string>> = {
  wire: 'bytes that one side writes and the other misreads',
  json: 'what travels by name: plain JSON, dynamic clients',
  delivery: 'what a call promises',
  source: 'code that uses what is generated',
}

export function addDiff(program: Command): void {
  program
    .command('diff')
    .description('what a change of an IDL breaks, and whom; exit code 1 if it breaks anything')
    .argument('[old]', 'the old version: a file, a folder, or a git revision (HEAD~1, v2:idl/bank.thrift)')
    .argument('[new]', 'the new version: a file or a folder, or REVISION:PATH')
    .option('--allow <what>', 'a rule, or one of wire, json, delivery, source, to show and pass over', collect)
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect)
    .option('--rules', 'list the rules')
    .option('--json', 'one line of JSON for each change')
    .addHelpText(
      'after',
      '\nExamples:\n  $ oncewire diff HEAD~1 bank.thrift\n  $ oncewire diff main idl/ --allow source' +
        '\n  $ oncewire diff old.thrift new.thrift',
    )
    .action(async (old: string | undefined, now: string | undefined, flags: DiffFlags) => {
      process.exitCode = flags.rules ? listRules(flags) : await compare(old, now, flags)
    })
}

async function compare(old: string | undefined, now: string | undefined, flags: DiffFlags): Promise<number> {
  if (old === undefined || now === undefined)
    throw new UsageError('name two versions, such as: oncewire diff HEAD~1 bank.thrift')
  const left = whatIsLeft(flags.allow ?? [])
  const versions = versionsOf(old, now, flags.include ?? [])
  const loaded = [await loadVersion(versions[0]), await loadVersion(versions[1])] as const
  for (const { files, diagnostics, sources } of loaded) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    if (files === undefined) say(renderDiagnostics({ diagnostics: errors, sources }, isColored(process.stderr)))
  }
  const [before, after] = [loaded[0].files, loaded[1].files]
  if (before === undefined || after === undefined) return exitCodes.found
  const changes = diff(before, after)
  const show = flags.json ? shownAsJson : shownAsText
  process.stdout.write(show(changes, { versions, left }))
  const breaking = changes.filter((change) => left(change).length > 0)
  if (!flags.json) say(summary(changes, breaking, left))
  return breaking.length > 0 ? exitCodes.found : exitCodes.ok
}

/** What a change breaks and is not allowed to, the gravest first. */
type Left = (change: Change) => readonly Break[]

function whatIsLeft(allowed: readonly string[]): Left {
  for (const word of allowed) {
    if (word in breaks || isRuleName(word)) continue
    const meant = didYouMean(word, [...Object.keys(breaks), ...Object.keys(rules)])
    throw new UsageError(`there is no rule "${word}".${meant} oncewire diff --rules lists them.`)
  }
  const gravity = (Object.keys(breaks) as Break[]).filter((name) => !allowed.includes(name))
  return ({ rule }) => (allowed.includes(rule) ? [] : gravity.filter((name) => rules[rule].breaks.includes(name)))
}

interface Shown {
  readonly versions: readonly [Version, Version]
  readonly left: Left
}

function shownAsJson(changes: readonly Change[], { versions, left }: Shown): string {
  const at = (site: Site | undefined, version: Version): object | undefined =>
    site && { file: version.shown(site.program.file), ...site.position }
  const lines = changes.map((change) => {
    const { rule, what, who, old, now } = change
    const { breaks: broken, why, advice } = rules[rule]
    const isAllowed = broken.length > 0 && left(change).length === 0
    const places = { old: at(old, versions[0]), new: at(now, versions[1]) }
    return JSON.stringify({ rule, breaks: broken, allowed: isAllowed, who, what, why, advice, ...places })
  })
  return lines.map((line) => `${line}\n`).join('')
}

function shownAsText(changes: readonly Change[], shown: Shown): string {
  const isSafe = ({ rule }: Change): boolean => rules[rule].breaks.length === 0
  const groups: (readonly [title: string, of: readonly Change[]])[] = [
    ...(Object.keys(breaks) as Break[]).map(
      (name) => [`${name}: ${breaks[name]}`, changes.filter((change) => shown.left(change)[0] === name)] as const,
    ),
    ['allowed', changes.filter((change) => !isSafe(change) && shown.left(change).length === 0)],
    ['safe', changes.filter(isSafe)],
  ]
  const explained = new Set<string>()
  const parts = groups.flatMap(([title, of]) => {
    if (of.length === 0) return []
    return [paint(title, '1'), ...of.map((change) => changeText(change, shown, explained))]
  })
  return parts.length === 0 ? '' : `${parts.join('\n\n')}\n`
}

/** The reason and the advice stand with the first change of each rule. */
function changeText(change: Change, { versions }: Shown, explained: Set<string>): string {
  const { rule, what, who, old, now } = change
  const at = (site: Site, version: Version): string =>
    `${version.shown(site.program.file)}:${site.position.line}:${site.position.column}`
  const here = now === undefined ? at(old as Site, versions[0]) : at(now, versions[1])
  const lines = [`${paint(`${here}:`, '1')} ${what} [${rule}]`]
  if (now !== undefined && old !== undefined) lines.push(`  before: ${at(old, versions[0])}`)
  if (who.length > 0) lines.push(`  breaks ${who.map((one) => victims[one]).join('; ')}`)
  if (!explained.has(rule)) lines.push(`  ${rules[rule].why}`, `  ${paint('=', '36')} ${rules[rule].advice}`)
  explained.add(rule)
  return lines.join('\n')
}

function paint(text: string, style: string): string {
  return painted(text, style, process.stdout)
}

function summary(changes: readonly Change[], breaking: readonly Change[], left: Left): string {
  if (changes.length === 0) return 'nothing changed'
  const rest = changes.length - breaking.length
  if (breaking.length === 0) return `nothing breaks; ${counted(rest, 'change')}`
  const counts = (Object.keys(breaks) as Break[]).flatMap((name) => {
    const n = breaking.filter((change) => left(change)[0] === name).length
    return n === 0 ? [] : [`${n} ${name}`]
  })
  return `${counted(breaking.length, 'breaking change')} (${counts.join(', ')}), ${rest} other`
}

function listRules({ json }: DiffFlags): number {
  for (const [name, rule] of Object.entries(rules)) {
    const broken = rule.breaks.length === 0 ? 'safe' : rule.breaks.join(', ')
    const text = `${name} (${broken})\n  ${rule.why}\n  = ${rule.advice}`
    process.stdout.write(`${json ? JSON.stringify({ rule: name, ...rule }) : text}\n`)
  }
  return exitCodes.ok
}
