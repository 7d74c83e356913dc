/**
 * `oncewire explain CODE`: what an error code means and what to do.
 */
import type { Command } from 'commander'
import { codes, type ErrorCode, isErrorCode } from '../errors/codes.ts'
import { didYouMean } from '../std/suggest.ts'
import { UsageError } from './terminal.ts'

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('what an error code means, whether the call ran, and what to do')
    .argument('[code]', 'a code such as session-expired; without one, all of them are listed')
    .option('--json', 'one line of JSON for each code')
    .addHelpText('after', '\nExample:\n  $ oncewire explain session-expired')
    .action((code: string | undefined, flags: { readonly json?: true }) => {
      if (code !== undefined && !isErrorCode(code)) {
        const meant = didYouMean(code, Object.keys(codes))
        throw new UsageError(`there is no code "${code}".${meant} "oncewire explain" lists all.`)
      }
      const wanted = code === undefined ? (Object.keys(codes) as ErrorCode[]) : [code]
      const show = flags.json ? asJson : code === undefined ? asLine : asText
      for (const one of wanted) process.stdout.write(`${show(one)}\n`)
    })
}

function asJson(code: ErrorCode): string {
  return JSON.stringify({ code, ...codes[code] })
}

function asLine(code: ErrorCode): string {
  return `${code.padEnd(26)}${codes[code].meaning}`
}

function asText(code: ErrorCode): string {
  const { meaning, executed, advice } = codes[code]
  return `${code}\n  ${meaning}\n  executed: ${executed.join(' or ')}\n  ${advice}`
}
