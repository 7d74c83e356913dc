/**
 * What a journal asks of a file system, so that what it says is durable is.
 */
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** One name for each file, however it is reached: the lock goes by the name. */
export async function realPath(file: string): Promise<string> {
  const real = await realpath(file).catch(() => undefined)
  if (real !== undefined) return real
  const folder = await realpath(dirname(file)).catch((cause: unknown) => {
    throw new Error(`the folder ${dirname(file)} does not exist`, { cause })
  })
  return join(folder, basename(file))
}

/** A write may take less than it was given. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

/** Where the bytes of a file are gathered that will take the place of `path`. */
export const temporaryOf = (path: string): string => `${path}.rewriting`

/** A file of these bytes in the place of `path`; undefined if that could not be had, and nothing has changed. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(temporaryOf(path), 'w', 0o600)
    await writeFully(handle, bytes, 0)
    await handle.sync()
    await rename(temporaryOf(path), path)
    return handle
  } catch {
    await handle?.close()
    await rm(temporaryOf(path), { force: true })
    return undefined
  }
}

/** A new name is durable only when its folder is. Windows cannot, and need not, sync a folder. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
