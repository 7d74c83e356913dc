/**
 * `oncewire call`: one call of one method, and what became of it, also as exit code.
 *
 * Invariant: whatever is wrong with the words of the command is told before anything is sent.
 */
import type { Command } from 'commander'
import type { Catalog, FoundMethod } from '../dynamic/catalog.ts'
import { DeclaredException } from '../errors/declared-exception.ts'
import { OncewireError } from '../errors/oncewire-error.ts'
import type { CallOptions, CompiledMethod } from '../rpc/service.ts'
import { argumentsOf } from './call-arguments.ts'
import { prettyJson } from './pretty-json.ts'
import { addRemoteOptions, asWritten, namedProgram, type RemoteFlags, withChannel } from './remote.ts'
import { collect, exitCodeOf, exitCodes, say, shownError, UsageError } from './terminal.ts'

interface CallFlags extends RemoteFlags {
  readonly idempotencyKey?: string
  readonly deadline?: string
  readonly header?: readonly string[]
}

const help = `
Arguments are name=value words, or one JSON object: '{ "account": "alice" }', - to read it from standard input, or
@file. Values are read by their types: enums by name, binary as base64 or @file, containers and structs as JSON.

Exit codes: 0 the result is printed; 1 the call ran and ended in an error (of the IDL, or of the handler); 2 used
wrongly; 3 never executed, safe to try again; 4 unknown, look before you try again; 5 this machine; 130 interrupted.

Examples:
  $ oncewire call tcp://127.0.0.1:9090 Bank.debit account=alice cents=1000 --idempotency-key order-42
  $ oncewire call tcp://127.0.0.1:9091 Calculator.add '{ "num1": 3, "num2": 5 }' --idl calc.thrift --framing framed`

export function addCall(program: Command): void {
  const command = program
    .command('call')
    .description('calls a method, on an Oncewire server or any Thrift server, and prints what became of it')
    .argument('<url>', 'where the server listens: tcp://host:port, or http://host/path')
    .argument('<method>', 'Service.method')
    .argument('[arguments...]', 'JSON, or name=value words')
  addRemoteOptions(command)
    .option('--idempotency-key <key>', 'names the call for ever: whoever repeats it gets the same reply')
    .option('--deadline <time>', 'when to give up: milliseconds, or 500ms, 2s, 1m (default: 30s)')
    .option('--header <name=value>', 'sent along (may be repeated)', collect)
    .option('--json', 'one line of JSON, whatever the call ends in')
    .addHelpText('after', help)
    .action(async (url: string, method: string, words: string[], flags: CallFlags) => {
      process.exitCode = await call(url, { method, words }, flags)
    })
}

async function call(
  url: string,
  { method, words }: { readonly method: string; readonly words: readonly string[] },
  flags: CallFlags,
): Promise<number> {
  const options = optionsOf(flags)
  const { Catalog, splitName } = await import('../dynamic/catalog.ts')
  const [service] = asWritten(() => splitName(method))
  const program = await namedProgram(flags)
  const { callFound, catalogToldBy } = await import('../driver/dynamic-calls.ts')
  const found = async (catalog: Catalog): Promise<Ready> => {
    const one = asWritten(() => catalog.method(method))
    return { found: one, values: await argumentsOf(one, words) }
  }
  let ready = program && (await found(new Catalog(program, flags.idl)))
  try {
    return await withChannel(url, { ...flags, deadlineMs: options.deadlineMs }, async (channel) => {
      const { found: one, values } = (ready ??= await found(await catalogToldBy(channel, service)))
      const value = await interruptible(callFound(channel, one, { values, options }))
      print(one, value, flags)
      return exitCodes.ok
    })
  } catch (error) {
    return failed(error, ready?.found, flags)
  }
}

interface Ready {
  readonly found: FoundMethod
  readonly values: readonly unknown[]
}

/** Who interrupts a call is told what that means for it. */
async function interruptible<T>(call: Promise<T>): Promise<T> {
  const tell = (): void => say('interrupted: the call was sent, and may have run or may yet run')
  process.prependOnceListener('SIGINT', tell)
  try {
    return await call
  } finally {
    process.off('SIGINT', tell)
  }
}

function print({ method }: FoundMethod, value: unknown, { json: isJson }: CallFlags): void {
  const { json } = jsonOf(method, () => method.encodeResult(value))
  if (isJson) return void process.stdout.write(`{"result":${json ?? 'null'}}\n`)
  if (json === undefined) return say(method.isOneway ? `${method.name} was sent` : `${method.name} is done`)
  process.stdout.write(`${forPeople(json)}\n`)
}

/** What came as JSON. A union's arm that the IDL does not know can be read, and not be written. */
function jsonOf(method: CompiledMethod, bytes: () => Uint8Array | undefined): ReturnType<CompiledMethod['replyJson']> {
  try {
    return method.replyJson(bytes() as Uint8Array)
  } catch (error) {
    if (!(error instanceof OncewireError)) throw error
    const message = `${method.name} ran, and what it answered cannot be shown: ${error.message}`
    throw new OncewireError('malformed', 'once', message, { cause: error })
  }
}

/** A text, a large number or the name of an enum member needs no quotes when it stands alone. */
function forPeople(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : prettyJson(json)
}

/** Tells a failure and answers the exit code that says whether the call ran. */
function failed(error: unknown, found: FoundMethod | undefined, { json: isJson }: CallFlags): number {
  if (error instanceof DeclaredException && found !== undefined) {
    const { exception, json = '{}' } = jsonOf(found.method, () => found.method.encodeException(error))
    if (isJson) process.stdout.write(`{"exception":${JSON.stringify(exception)},"fields":${json}}\n`)
    else say(`${found.method.name}: ${exception}: ${error.message}\n${prettyJson(json)}`)
    return exitCodes.found
  }
  if (!(error instanceof OncewireError)) throw error
  // Nothing was found that could be called: a name was written wrongly.
  if (found === undefined && error.code === 'unknown-service') throw new UsageError(error.message)
  const { code, executed, message, xid } = error
  if (isJson) process.stdout.write(`${JSON.stringify({ error: { code, executed, message, xid } })}\n`)
  else say(shownError(error))
  return exitCodeOf(error)
}

function optionsOf({ deadline, idempotencyKey, header = [] }: CallFlags): CallOptions {
  const headers = header.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) throw new UsageError(`--header ${word}: write name=value`)
    return [word.slice(0, at), word.slice(at + 1)] as const
  })
  return {
    deadlineMs: deadline === undefined ? undefined : millisecondsOf(deadline),
    idempotencyKey,
    headers: headers.length === 0 ? undefined : Object.fromEntries(headers),
  }
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

function millisecondsOf(text: string): number {
  const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const ms = Number(digits) * (units[unit] as number)
  if (ms > 0) return ms
  throw new UsageError(`--deadline is a time such as 500ms, 2s or 1m, not ${text}`)
}
