/**
 * The arguments of `oncewire call`: a JSON object, or `name=value` words read by the types of the arguments.
 *
 * Invariant: whatever does not fit is named with what would.
 */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import type { FoundMethod } from '../dynamic/catalog.ts'
import { signatureOf } from '../rpc/signature.ts'
import { didYouMean } from '../std/suggest.ts'
import type { Type } from '../wire/shape.ts'
import { seenType } from '../wire/types.ts'
import { asWritten } from './remote.ts'
import { UsageError } from './terminal.ts'

/** Values in the order in which the method takes them. @throws {UsageError} */
export async function argumentsOf(found: FoundMethod, words: readonly string[]): Promise<unknown[]> {
  const { method, row } = found
  const [first = '{}'] = words
  const isJson = words.length === 0 || /^\s*\{|^@|^-$/.test(first)
  if (isJson && words.length > 1) throw wrong(found, `expected nothing behind the JSON, found ${quoted(words[1])}`)
  const json = isJson ? await jsonOf(first) : jsonOfWords(found, words)
  const short = method.name.slice(found.service.name.length + 1)
  return asWritten(() => method.decodeArguments(json, 'plain-json'), `\n${signatureOf(short, row)}`)
}

/** The JSON itself, `@file`, or `-` for standard input. */
async function jsonOf(word: string): Promise<Uint8Array> {
  if (word === '-') return await buffer(process.stdin)
  return word.startsWith('@') ? fileOf(word.slice(1)) : Buffer.from(word)
}

function jsonOfWords(found: FoundMethod, words: readonly string[]): Uint8Array {
  const { row } = found
  const names = Object.keys(row.arguments)
  const members = new Map<string, string>()
  for (const word of words) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(word) ?? []
    if (name === undefined || value === undefined) {
      throw wrong(found, `${quoted(word)} is no argument: write name=value, or one JSON object`)
    }
    const argument = Object.hasOwn(row.arguments, name) ? row.arguments[name] : undefined
    if (argument === undefined) throw wrong(found, `there is no argument ${quoted(name)}.${didYouMean(name, names)}`)
    if (members.has(name)) throw wrong(found, `${name} is given twice`)
    members.set(name, valueJson(argument[1], value))
  }
  return Buffer.from(`{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`)
}

/** Plain JSON takes numbers, booleans and enums in quotes too, and says itself what is wrong with them. */
function valueJson(type: Type, text: string): string {
  const seen = seenType(type)
  if (seen.kind !== 'scalar' && seen.kind !== 'enum') return text
  // No base64 begins so.
  const isFile = seen.kind === 'scalar' && seen.name === 'binary' && text.startsWith('@')
  return JSON.stringify(isFile ? fileOf(text.slice(1)).toString('base64') : text)
}

function fileOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`)
  }
}

function wrong({ method, service, row }: FoundMethod, message: string): UsageError {
  const short = method.name.slice(service.name.length + 1)
  return new UsageError(`${method.name}: ${message}\n${signatureOf(short, row)}`)
}

function quoted(text: string | undefined): string {
  return JSON.stringify(text)
}
