/**
 * IDL files on this disk. Loaded when somebody reads one: the compiler is no part of a call.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Catalog } from '../dynamic/catalog.ts'
import { valid } from '../dynamic/idl.ts'
import { loadProgram, type SourceHost } from '../idl/load.ts'

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
  }
}
