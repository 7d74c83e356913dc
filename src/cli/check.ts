/**
 * `oncewire check`: every error of IDL files, each with its place, its line and what to write instead.
 */
import type { Command } from 'commander'
import { loadFiles, renderDiagnostics } from './idl-files.ts'
import { collect, exitCodes, isColored, say } from './terminal.ts'

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('every error of IDL files, with its place and a suggestion; exit code 1 if there is one')
    .argument('<file...>', '.thrift files')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect, [])
    .option('--json', 'one line of JSON for each error and warning')
    .addHelpText('after', '\nExample:\n  $ oncewire check bank.thrift')
    .action((files: string[], flags: { readonly include: readonly string[]; readonly json?: true }) => {
      const { loaded, diagnostics } = loadFiles(files, flags.include)
      if (flags.json) for (const diagnostic of diagnostics) process.stdout.write(`${JSON.stringify(diagnostic)}\n`)
      else if (diagnostics.length > 0)
        process.stdout.write(`${renderDiagnostics(diagnostics, loaded, isColored(process.stdout))}\n`)
      const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
      if (!hasErrors && !flags.json) say(`${files.length} ${files.length === 1 ? 'file is' : 'files are'} valid`)
      process.exitCode = hasErrors ? exitCodes.found : exitCodes.ok
    })
}
