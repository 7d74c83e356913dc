/**
 * `oncewire describe`: a service, a method or a type of a server or of an IDL file, as IDL text with its docs.
 */
import type { Command } from 'commander'
import { addRemoteOptions, namedProgram, type RemoteFlags, withChannel } from './remote.ts'
import { exitCodes, UsageError } from './terminal.ts'
import { type Described, named, type Thing, thingsIn, thingsTold } from './things.ts'

export function addDescribe(program: Command): void {
  const command = program
    .command('describe')
    .description('a service, a method or a type as IDL text with its docs, from a server or an IDL file')
    .argument('<url-and-name...>', 'where the server listens (not with --idl), and a name: Bank, Bank.debit, Entry')
    .usage('[options] <url> <name>')
  addRemoteOptions(command)
    .option('--json', 'one line of JSON for each thing of that name')
    .addHelpText(
      'after',
      '\nExamples:\n  $ oncewire describe tcp://127.0.0.1:9090 Bank.debit\n  $ oncewire describe --idl bank.thrift Entry',
    )
    .action(async (words: string[], flags: RemoteFlags) => {
      const found = named(await things(words, flags), words.at(-1) as string)
      const texts = found.map((one) => (flags.json ? JSON.stringify(one) : textOf(one)))
      process.stdout.write(`${texts.join(flags.json ? '\n' : '\n\n')}\n`)
      process.exitCode = exitCodes.ok
    })
}

function textOf({ file, idl }: Described): string {
  return `// ${file ?? 'no IDL here: as far as the tables of the server know'}\n${idl}`
}

/** Everything that could be meant. */
async function things(words: readonly string[], flags: RemoteFlags): Promise<readonly Thing[]> {
  const program = await namedProgram(flags)
  const [url] = words
  if (url === undefined || words.length !== (program === undefined ? 2 : 1)) {
    throw new UsageError(
      'name a server and a thing, or a file and a thing: oncewire describe tcp://127.0.0.1:9090 Bank, or --idl FILE Bank',
    )
  }
  if (program !== undefined) return [...thingsIn(program)]
  const { programToldBy, servicesToldBy } = await import('../driver/dynamic-calls.ts')
  return await withChannel(url, flags, async (channel) => {
    const services = await servicesToldBy(channel)
    const told = services.map(async (service) =>
      service.file === undefined ? thingsTold(service) : thingsIn(await programToldBy(channel, service.name)),
    )
    return (await Promise.all(told)).flatMap((some) => [...some])
  })
}
