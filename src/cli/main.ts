#!/usr/bin/env node
/**
 * The `oncewire` command. One file a command; this one only puts them together.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { OncewireError } from '../errors/oncewire-error.ts'
import { addCall } from './call.ts'
import { addCheck } from './check.ts'
import { addDemo } from './demo-command.ts'
import { addDescribe } from './describe.ts'
import { addDiff } from './diff.ts'
import { addExplain } from './explain.ts'
import { addFormat } from './format.ts'
import { addGenerate } from './generate.ts'
import { addHelp } from './help.ts'
import { addLedger } from './ledger.ts'
import { addList } from './list.ts'
import { addFaultyLink } from './proxy.ts'
import { addProveKills } from './prove-kills.ts'
import { addSimulate } from './simulate.ts'
import { exitCodeOf, exitCodes, say, shownError, UsageError } from './terminal.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('oncewire')
  .description(
    'RPC whose every call says, before it is made, what happens when the network, the client or the server fails.',
  )
  .version(version)
  .showHelpAfterError('(oncewire --help lists the commands)')
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'oncewire: ')) })
  .helpCommand(false)
  .addHelpText('after', '\nExample:\n  $ oncewire generate bank.thrift --out gen')
  .exitOverride()

const commands = [
  addGenerate,
  addCheck,
  addFormat,
  addDiff,
  addList,
  addDescribe,
  addCall,
  addLedger,
  addDemo,
  addSimulate,
  addFaultyLink,
  addProveKills,
  addExplain,
  addHelp,
]
for (const add of commands) add(program)
for (const command of program.commands) {
  command.exitOverride().showHelpAfterError(`(oncewire ${command.name()} --help shows how it is used)`)
}

// Heard between two steps of a command, never within one: files are written whole or not at all.
process.once('SIGINT', () => process.exit(exitCodes.interrupted))

// Whoever reads us (`oncewire explain | head`) may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') say(`oncewire: ${error.message}`)
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.local)
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  else if (error instanceof UsageError) {
    say(`oncewire: ${error.message}`)
    process.exitCode = exitCodes.usage
  } else if (error instanceof OncewireError) {
    say(shownError(error))
    process.exitCode = exitCodeOf(error)
  } else {
    say(`oncewire: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = exitCodes.local
  }
}
