/**
 * What all commands share: exit codes, colour, and where words go. Data goes to stdout, the rest to stderr.
 */
import type { WriteStream } from 'node:tty'

/** The lecture's distinction, for scripts. */
export const exitCodes = { ok: 0, found: 1, usage: 2, never: 3, unknown: 4, local: 5, interrupted: 130 } as const

/** The command was used wrongly: the message says how, and it ends with `exitCodes.usage`. */
export class UsageError extends Error {}

export function isColored(stream: WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** An option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
