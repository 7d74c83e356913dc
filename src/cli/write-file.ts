/**
 * A text into a file.
 *
 * Invariant: whoever reads the file sees the old text or the new one, whole; it keeps its mode.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Writes `text` if the file says something else; answers whether it did. A symbolic link stays one. */
export function replaceFile(path: string, text: string): boolean {
  const exists = existsSync(path)
  if (exists && readFileSync(path, 'utf8') === text) return false
  const target = exists ? realpathSync(path) : path
  mkdirSync(dirname(target), { recursive: true })
  const temporary = `${target}.${process.pid}.new`
  try {
    writeFileSync(temporary, text)
    if (exists) chmodSync(temporary, statSync(target).mode)
    renameSync(temporary, target)
  } finally {
    rmSync(temporary, { force: true })
  }
  return true
}
