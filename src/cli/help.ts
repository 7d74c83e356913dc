/**
 * `oncewire help`: how a command is used, also one that was misspelt.
 */
import type { Command } from 'commander'
import { didYouMean } from '../std/suggest.ts'
import { UsageError } from './terminal.ts'

export function addHelp(program: Command): void {
  program
    .command('help')
    .description('how a command is used')
    .argument('[command]', 'one of those that oncewire --help lists')
    .addHelpText('after', '\nExample:\n  $ oncewire help diff')
    .action((name: string | undefined) => {
      const named = program.commands.find((command) => command.name() === name)
      if (name !== undefined && named === undefined) {
        const meant = didYouMean(
          name,
          program.commands.map((command) => command.name()),
        )
        throw new UsageError(`there is no command "${name}".${meant} oncewire --help lists them.`)
      }
      ;(named ?? program).outputHelp()
    })
}
