/**
 * `oncewire check`: every error of IDL files, each with its place, its line and what to write instead.
 */
import type { Command } from 'commander'
import { loadFiles, renderDiagnostics, thriftFiles } from './idl-files.ts'
import { collect, counted, exitCodes, isColored, say } from './terminal.ts'

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('every error of IDL files, with its place and a suggestion; exit code 1 if there is one')
    .argument('<file...>', '.thrift files, or folders of them')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect)
    .option('--json', 'one line of JSON for each error and warning')
    .addHelpText('after', '\nExample:\n  $ oncewire check bank.thrift')
    .action(async (paths: string[], flags: { readonly include?: readonly string[]; readonly json?: true }) => {
      const files = thriftFiles(paths)
      const loaded = await loadFiles(files, flags.include ?? [])
      const { diagnostics, programs } = loaded
      if (flags.json) for (const diagnostic of diagnostics) process.stdout.write(`${JSON.stringify(diagnostic)}\n`)
      else if (diagnostics.length > 0) process.stdout.write(`${renderDiagnostics(loaded, isColored(process.stdout))}\n`)
      if (programs !== undefined && !flags.json)
        say(`${counted(files.length, 'file')} ${files.length === 1 ? 'is' : 'are'} valid`)
      process.exitCode = programs === undefined ? exitCodes.found : exitCodes.ok
    })
}
