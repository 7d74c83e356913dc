/**
 * `oncewire explain CODE`: what an error code means and what to do.
 */
import type { Command } from 'commander'
import { codes, isErrorCode } from '../errors/codes.ts'
import { didYouMean } from '../std/suggest.ts'
import { exitCodes, say } from './terminal.ts'

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('what an error code means, whether the call ran, and what to do')
    .argument('[code]', 'a code such as session-expired; without one, all of them are listed')
    .addHelpText('after', '\nExample:\n  $ oncewire explain session-expired')
    .action((code: string | undefined) => {
      if (code === undefined) {
        for (const [name, { meaning }] of Object.entries(codes)) process.stdout.write(`${name.padEnd(26)}${meaning}\n`)
      } else if (isErrorCode(code)) {
        const { meaning, executed, advice } = codes[code]
        process.stdout.write(`${code}\n  ${meaning}\n  executed: ${executed.join(' or ')}\n  ${advice}\n`)
      } else {
        say(`there is no code "${code}".${didYouMean(code, Object.keys(codes))} "oncewire explain" lists all.`)
        process.exitCode = exitCodes.usage
      }
    })
}
