/**
 * `oncewire prove-kills`: kill -9 of server and clients at random moments under load, every call counted afterwards.
 */
import type { Command } from 'commander'
import { runKillProof } from './kill/kill.ts'
import { UsageError } from './terminal.ts'

export function addProveKills(program: Command): void {
  program
    .command('prove-kills')
    .description('kill -9 of a server and its clients at random moments under load; counts every call afterwards')
    .option('--kills <n>', 'how many kills', '200')
    .option('--seed <n>', 'decides whom and when; random if absent')
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExample:\n  $ oncewire prove-kills --kills 20')
    .action(async (flags: { readonly kills: string; readonly seed?: string; readonly json?: true }) => {
      const kills = Number(flags.kills)
      const seed = Number(flags.seed ?? Date.now() % 1_000_000)
      if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) {
        throw new UsageError('--kills and --seed are whole numbers')
      }
      process.exitCode = await runKillProof({
        kills,
        seed,
        json: flags.json === true,
        actors: new URL('./kill/', import.meta.url),
      })
    })
}
