/**
 * The IDL that generated code carries, as files that can be sent.
 *
 * Invariant: each file once, whichever way it is included; a path is a name among these files, and no place on a disk.
 */
import type { Idl } from './service.ts'

/** A file among those that came with it. */
export interface IdlFile {
  /** Its name; where two files have one name, a folder before it that tells them apart. */
  readonly path: string
  /** What stands behind `include` in the text -> the path of that file. */
  readonly includes: ReadonlyMap<string, string>
  readonly text: string
}

/** A file and all that it includes, itself first, each once. */
export function filesOf(idl: Idl): IdlFile[] {
  const paths = new Map<Idl, string>()
  const named = (one: Idl): string => {
    const taken = new Set(paths.values())
    let path = one.file
    for (let n = 2; taken.has(path); n++) path = `${n}/${one.file}`
    paths.set(one, path)
    for (const included of Object.values(one.includes)) if (!paths.has(included)) named(included)
    return path
  }
  named(idl)
  return [...paths].map(([{ includes, text }, path]) => ({
    path,
    includes: new Map(Object.entries(includes).map(([literal, one]) => [literal, paths.get(one) as string])),
    text,
  }))
}
