/**
 * Doing something again whenever a file that it read has changed.
 *
 * Invariant: folders are watched, not files: an editor that replaces a file would end the watching of it.
 */
import { existsSync, type FSWatcher, statSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { counted, say } from './terminal.ts'

/** An editor saves in several steps; what comes within this time is one change. */
const settleMs = 50

/** Runs `work`, which answers the files it read, now and after every change of them or beside them, until Ctrl-C. */
export async function whenever(folders: readonly string[], work: () => Promise<Iterable<string>>): Promise<never> {
  const watchers = new Map<string, FSWatcher>()
  let changed: () => void = () => {}
  /** Whether the folder is watched only from now on. */
  const look = (folder: string): boolean => {
    if (watchers.has(folder) || !existsSync(folder)) return false
    const watcher = watch(folder, (_, name) => {
      if (name === null || name.endsWith('.thrift')) changed()
    })
    // A folder that goes away takes its files with it, which the next run says.
    watcher.on('error', () => watchers.delete(folder))
    watchers.set(folder, watcher)
    return true
  }
  for (const folder of folders) look(resolve(folder))
  for (;;) {
    const change = new Promise<void>((settled) => {
      changed = settled
    })
    const beganMs = Date.now()
    const files = [...(await work())].map((file) => resolve(file))
    for (const file of files) {
      const isNew = look(dirname(file))
      if (isNew && (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= beganMs) changed()
    }
    say(`watching ${counted(files.length, 'file')}; Ctrl-C ends it`)
    await change
    await new Promise((settled) => setTimeout(settled, settleMs))
  }
}
