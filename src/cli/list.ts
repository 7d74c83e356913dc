/**
 * `oncewire list`: the services of a server or of an IDL file, and their methods, on one screen.
 */
import type { Command } from 'commander'
import type { ServiceInfo } from '../driver/gen/oncewire-reflection.ts'
import { addRemoteOptions, namedProgram, type RemoteFlags, withChannel } from './remote.ts'
import { exitCodes, isColored, say, UsageError } from './terminal.ts'

export function addList(program: Command): void {
  const command = program
    .command('list')
    .description('what a server offers: its services, their methods, and what each promises')
    .argument('[url]', 'where the server listens; with --idl it may be left out')
  addRemoteOptions(command)
    .option('--json', 'one line of JSON for each service')
    .addHelpText('after', '\nExamples:\n  $ oncewire list tcp://127.0.0.1:9090\n  $ oncewire list --idl bank.thrift')
    .action(async (url: string | undefined, flags: RemoteFlags) => {
      const services = await servicesOf(url, flags)
      const show = flags.json ? asJson : asText
      for (const service of services) process.stdout.write(show(service))
      if (services.length === 0) say('no services')
      process.exitCode = exitCodes.ok
    })
}

async function servicesOf(url: string | undefined, flags: RemoteFlags): Promise<readonly ServiceInfo[]> {
  const program = await namedProgram(flags)
  if (program !== undefined) {
    const [{ Catalog }, { infoOf }] = await Promise.all([
      import('../dynamic/catalog.ts'),
      import('../doors/reflection.ts'),
    ])
    return [...new Catalog(program).services.values()].map(infoOf)
  }
  if (url === undefined)
    throw new UsageError('say where the server listens, such as tcp://127.0.0.1:9090, or --idl FILE')
  const { servicesToldBy } = await import('../driver/dynamic-calls.ts')
  return await withChannel(url, flags, (channel) => servicesToldBy(channel))
}

function asJson(service: ServiceInfo): string {
  return `${JSON.stringify(service)}\n`
}

function asText({ name, methods, file }: ServiceInfo): string {
  const isColor = isColored(process.stdout)
  const paint = (text: string, style: string): string => (isColor ? `\u001b[${style}m${text}\u001b[0m` : text)
  const head = `${paint(name, '1')}${file === undefined ? '' : `  ${paint(file, '2')}`}`
  const lines = methods.map(({ delivery, signature }) => `  ${paint(delivery.padEnd(15), '36')}${signature}`)
  return `${[head, ...lines].join('\n')}\n`
}
