/**
 * Which files a file includes, and where one lies as seen from another.
 */
import type { Program } from './program.ts'

/** The files that a file includes, by what stands in quotes. */
export function includesOf(program: Program): ReadonlyMap<string, Program> {
  return new Map(program.includes.map((include) => [include.literal, include.program]))
}

/** Every file that `program` needs, itself last. */
export function allPrograms(program: Program, found: Set<Program> = new Set()): Program[] {
  if (found.has(program)) return [...found]
  for (const include of program.includes) allPrograms(include.program, found)
  found.add(program)
  return [...found]
}
