/**
 * `oncewire format`: IDL files in one style. What the style is: src/idl/format-layout.ts.
 *
 * Invariant: a file with a syntax error, and one that is as it should be, is not touched.
 */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { format } from '../idl/format.ts'
import { renderDiagnostics, thriftFiles } from './idl-files.ts'
import { counted, exitCodes, isColored, oneByOne, say, UsageError } from './terminal.ts'
import { replaceFile } from './write-file.ts'

interface FormatFlags {
  readonly write?: true
  readonly check?: true
  readonly json?: true
}

const stdin = '-'

export function addFormat(program: Command): void {
  program
    .command('format')
    .description('IDL files in one style, every comment kept: prints them, or writes them with --write')
    .argument('<file...>', `.thrift files, folders of them, or ${stdin} for standard input`)
    .option('-w, --write', 'write the files that change, and print their names')
    .option('-c, --check', 'print the names of files that would change; exit code 1 if there is one')
    .option('--json', 'one line of JSON for each file')
    .addHelpText(
      'after',
      '\nFiles with a syntax error are left as they are, and the error is shown; exit code 1.' +
        '\n\nExamples:\n  $ oncewire format --write idl/\n  $ oncewire format --check idl/\n  $ oncewire format - < bank.thrift',
    )
    .action(async (paths: string[], flags: FormatFlags) => {
      process.exitCode = await run(paths, flags)
    })
}

async function run(paths: readonly string[], flags: FormatFlags): Promise<number> {
  if (flags.write && flags.check) throw new UsageError('--write writes and --check does not: choose one')
  if (flags.write && paths.includes(stdin))
    throw new UsageError('standard input cannot be written to: leave --write out')
  const files = thriftFiles(paths.filter((path) => path !== stdin))
  if (paths.includes(stdin)) files.push(stdin)
  const counts = { changed: 0, wrong: 0 }
  for await (const file of oneByOne(files, 'files formatted')) {
    const before = textOf(file === stdin ? await buffer(process.stdin) : readFileSync(file), file)
    const { text: after, diagnostics } = format(before, file)
    const isChanged = after !== undefined && after !== before
    if (after === undefined) counts.wrong++
    else if (isChanged) counts.changed++
    if (isChanged && flags.write) replaceFile(file, after)
    if (flags.json) {
      const text = flags.write || flags.check ? undefined : after
      process.stdout.write(`${JSON.stringify({ file, changed: isChanged, text, diagnostics })}\n`)
    } else if (after === undefined) {
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      say(renderDiagnostics({ diagnostics: errors, sources: new Map([[file, before]]) }, isColored(process.stderr)))
    } else if (!flags.write && !flags.check) process.stdout.write(after)
    else if (isChanged) process.stdout.write(`${file}\n`)
  }
  if (flags.write || flags.check) say(summary(files.length, counts, flags))
  return counts.wrong > 0 || (flags.check && counts.changed > 0) ? exitCodes.found : exitCodes.ok
}

function summary(all: number, { changed, wrong }: { changed: number; wrong: number }, { check }: FormatFlags): string {
  const parts = [counted(all, 'file'), `${changed} ${check ? 'not formatted' : 'changed'}`]
  if (wrong > 0) parts.push(`${wrong} with errors`)
  return parts.join(', ')
}

/** What is not UTF-8 would come back from reading and writing as something else. */
function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`${file} is not UTF-8, and is left as it is; save it as UTF-8 first`)
  }
}
