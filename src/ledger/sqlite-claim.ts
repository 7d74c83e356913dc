/**
 * Who lives under which server name on one database file.
 *
 * Invariant: of all processes on one file at most one holds a name, and a killed one holds nothing. SQLite's own file
 * lock does it: a database beside the ledger, empty, held locked for as long as the server lives.
 */
import { openBinding, type SqliteBinding } from './sqlite-binding.ts'

/** Names that this very process holds: its locks would not keep itself out, if two bindings were loaded. */
const held = new Set<string>()

/** `file` undefined: a database that no other process can have, being in memory. */
export function nameLocks(file: string | undefined): (name: string) => (() => void) | undefined {
  const own = new Set<string>()
  const names = file === undefined ? own : held
  return (name) => {
    const place = `${file ?? ''}.server-${encodeURIComponent(name)}`
    if (names.has(place)) return undefined
    const binding = file === undefined ? undefined : lock(place)
    if (file !== undefined && binding === undefined) return undefined
    names.add(place)
    return () => {
      if (names.delete(place)) binding?.close()
    }
  }
}

function lock(place: string): SqliteBinding | undefined {
  const binding = openBinding(place)
  try {
    binding.exec('PRAGMA busy_timeout = 200')
    binding.exec('BEGIN EXCLUSIVE')
    return binding
  } catch (error) {
    binding.close()
    if (/locked|busy/i.test(String(error))) return undefined
    throw error
  }
}
