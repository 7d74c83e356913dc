/**
 * IDL files on this disk. Loaded when somebody reads one: the compiler is no part of a call.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { Catalog } from '../dynamic/catalog.ts'
import { valid } from '../dynamic/idl.ts'
import { loadProgram, type SourceHost } from '../idl/load.ts'
import { nearest } from '../std/suggest.ts'

/**
 * The services of a file and of its includes. @throws {OncewireError} idl-invalid
 */
export function catalogOf(file: string): Catalog {
  return new Catalog(valid(loadProgram(resolve(file), diskHost([]))), file)
}

/** Sources on this disk; `includePath` is searched after the including file's own folder. */
export function diskHost(includePath: readonly string[]): SourceHost {
  return {
    read(file) {
      try {
        return readFileSync(file, 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
        throw error
      }
    },
    resolve: (from, literal) => [dirname(from), ...includePath].map((folder) => resolve(folder, literal)),
    alike(from, literal) {
      const folder = literal.slice(0, -basename(literal).length)
      const names = [dirname(from), ...includePath].flatMap((root) => thriftFilesIn(resolve(root, folder)))
      const near = nearest(basename(literal), names)
      return near === undefined ? undefined : `${folder}${near}`
    },
  }
}

/** Names of the .thrift files of a folder; none where it cannot be read. */
export function thriftFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.thrift'))
  } catch {
    return [] // then there is nothing to suggest
  }
}
