/**
 * What `list`, `describe` and `call` share: a server that somebody named, and how to speak to it.
 *
 * Invariant: what cannot be meant is told before anything is connected; a channel is closed whatever happens.
 */
import { type Command, Option } from 'commander'
import type { Channel } from '../driver/channel.ts'
import type { ConnectOptions } from '../driver/connect-options.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { Program } from '../idl/program.ts'
import { loadFiles, renderDiagnostics, thriftFiles } from './idl-files.ts'
import { collect, isColored, say, UsageError, waitFor } from './terminal.ts'

export interface RemoteFlags {
  readonly idl?: string
  readonly include?: readonly string[]
  readonly framing?: 'session' | 'framed' | 'unframed' | 'header'
  readonly codec?: 'binary' | 'compact' | 'json'
  readonly multiplexed?: true
  readonly token?: string
  readonly json?: true
}

export function addRemoteOptions(command: Command): Command {
  return command
    .option('--idl <file>', 'the .thrift file, for servers that do not tell theirs')
    .option('-I, --include <dir>', 'also look here for included files (may be repeated)', collect)
    .addOption(
      new Option('--framing <framing>', 'session for Oncewire servers, the others for any (default: session)').choices([
        'session',
        'framed',
        'unframed',
        'header',
      ]),
    )
    .addOption(
      new Option('--codec <codec>', 'how values are written (default: binary)').choices(['binary', 'compact', 'json']),
    )
    .option('--multiplexed', 'call methods Service:method, as Thrift servers with several services want it')
    .option('--token <token>', "shown to the server's authenticate")
}

/** The checked `--idl` file; undefined if none was named. */
export async function namedProgram({ idl, include = [] }: RemoteFlags): Promise<Program | undefined> {
  if (idl === undefined) return undefined
  const files = thriftFiles([idl])
  if (files.length !== 1) throw new UsageError(`--idl ${idl} is a folder; name the file that has the service`)
  const loaded = await loadFiles(files, include)
  if (loaded.programs !== undefined) return loaded.programs[0]
  say(renderDiagnostics(loaded, isColored(process.stderr)))
  throw new UsageError(`${idl} has errors`)
}

/** Somebody sits and waits: a server that does not answer at once is not there. */
const connectMsMax = 2_000

/** Does something with a server and hangs up. `deadlineMs`: of each call, if not the default. */
export async function withChannel<T>(
  url: string,
  { framing, codec, multiplexed, token, deadlineMs }: RemoteFlags & { readonly deadlineMs?: number | undefined },
  use: (channel: Channel) => Promise<T>,
): Promise<T> {
  const { connect } = await import('../driver/channel.ts')
  const connectMs = Math.min(deadlineMs ?? connectMsMax, connectMsMax)
  const options = { codec, multiplexed, token, deadlineMs, connectMs, framing } as ConnectOptions
  const channel = await waitFor(`waiting for ${url}`, connect(url, options)).catch((error: unknown) => {
    throw framing === undefined && isForeign(error) ? withFraming(error) : error
  })
  try {
    return await waitFor(`waiting for ${url}`, use(channel))
  } finally {
    await channel.close()
  }
}

/** Somebody is there, and does not speak as we do. */
function isForeign(error: unknown): error is OncewireError {
  if (!(error instanceof OncewireError) || error.code !== 'unavailable') return false
  const { cause } = error
  const reason = cause instanceof Error ? (cause.cause as NodeJS.ErrnoException | undefined)?.code : undefined
  return cause === undefined || reason === 'ECONNRESET' || reason === 'EPIPE'
}

function withFraming({ code, executed, message, cause }: OncewireError): OncewireError {
  const advice = 'a Thrift server of another make needs --framing framed, unframed or header, and --idl'
  return new OncewireError(code, executed, `${message} (${advice})`, { cause })
}

/** Runs what looks at nothing but what the user wrote: whatever it finds is a usage error. */
export function asWritten<T>(run: () => T, more = ''): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof OncewireError ? new UsageError(`${error.message}${more}`) : error
  }
}
