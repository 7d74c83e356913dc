/**
 * One face for the SQLite bindings of Node: node:sqlite where the running Node has it, else a better-sqlite3 or libsql
 * that the application installed.
 *
 * Invariant: INTEGER columns come back as bigint, BLOBs as Uint8Array, rows hold their columns and nothing else,
 * whatever the binding does by itself.
 */
import { createRequire } from 'node:module'
import { OncewireError } from '../errors/oncewire-error.ts'

/** What SQLite stores, and what may be given as a parameter. */
export type SqlValue = string | bigint | number | boolean | Uint8Array | null

/** As much of a Database object of node:sqlite, better-sqlite3 or libsql as we need. */
export interface SqliteBinding {
  prepare(sql: string): unknown
  exec(sql: string): unknown
  close(): unknown
}

/** The common part of the bindings' statements. */
interface BindingStatement {
  readonly reader?: boolean
  run(...values: unknown[]): { readonly changes: number | bigint }
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
  raw?(on: boolean): this
  columns?(): { readonly name: string }[]
  safeIntegers?(on: boolean): this
  setReadBigInts?(on: boolean): void
}

export interface Statement {
  get(values: readonly SqlValue[]): Record<string, SqlValue> | undefined
  all(values: readonly SqlValue[]): Record<string, SqlValue>[]
  /** Answers how many rows changed. */
  run(values: readonly SqlValue[]): number
}

/** Prepared statements kept of one connection. */
const statementsMax = 512

export class Connection {
  private readonly binding: SqliteBinding
  private readonly statements = new Map<string, Statement>()

  constructor(binding: SqliteBinding) {
    this.binding = binding
  }

  prepare(sql: string): Statement {
    const known = this.statements.get(sql)
    if (known !== undefined) return known
    const statement = adapt(this.binding.prepare(sql) as BindingStatement)
    if (this.statements.size >= statementsMax) this.statements.clear()
    this.statements.set(sql, statement)
    return statement
  }

  exec(sql: string): void {
    this.binding.exec(sql)
  }

  close(): void {
    this.statements.clear()
    this.binding.close()
  }
}

/** Opens `file` with the best binding there is. @throws {OncewireError} ledger-unusable: none is installed */
export function openBinding(file: string): SqliteBinding {
  const require = createRequire(import.meta.url)
  const sqlite = nodeSqlite()
  if (sqlite !== undefined) return new sqlite.DatabaseSync(file)
  for (const name of bindings()) {
    const Database = load(require, name)
    if (Database !== undefined) return new Database(file)
  }
  throw new OncewireError(
    'ledger-unusable',
    'never',
    `${file}: Node ${process.versions.node} has no SQLite of its own and none is installed: npm install libsql (or better-sqlite3@12)`,
  )
}

type DatabaseClass = new (file: string) => SqliteBinding

function nodeSqlite(): { readonly DatabaseSync: DatabaseClass } | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  // Without a flag from 22.13 on; process.getBuiltinModule is there too.
  if (major < 22 || (major === 22 && minor < 13)) return undefined
  return withoutExperimentalWarning(
    () => process.getBuiltinModule('node:sqlite') as unknown as { DatabaseSync: DatabaseClass },
  )
}

/** Loading node:sqlite warns that it is experimental; the choice is ours, not the user's to be told of. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes('SQLite')) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** better-sqlite3 13 crashes Node 20; the application's own choice goes first. */
function bindings(): readonly string[] {
  return ['better-sqlite3', 'libsql']
}

function load(require: NodeJS.Require, name: string): DatabaseClass | undefined {
  try {
    if (name === 'better-sqlite3' && process.versions.node.startsWith('20.')) {
      const { version } = require('better-sqlite3/package.json') as { version: string }
      if (Number(version.split('.')[0]) >= 13) return undefined
    }
    return require(name) as DatabaseClass
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function adapt(statement: BindingStatement): Statement {
  if (statement.setReadBigInts !== undefined) return adaptNode(statement)
  statement.safeIntegers?.(true)
  const isReader = statement.reader !== false
  let columns: string[] = []
  if (isReader) {
    statement.raw?.(true)
    columns = namesOf(statement)
  }
  const row = (values: readonly SqlValue[]): Record<string, SqlValue> => {
    if (values.length !== columns.length) columns = namesOf(statement) // the schema changed
    const named: Record<string, SqlValue> = {}
    for (let i = 0; i < columns.length; i++) named[columns[i] as string] = plain(values[i])
    return named
  }
  return {
    get(values) {
      const found = statement.get(values.map(bound)) as SqlValue[] | undefined
      return found === undefined ? undefined : row(found)
    },
    all: (values) => (statement.all(values.map(bound)) as SqlValue[][]).map(row),
    run: (values) =>
      isReader ? statement.all(values.map(bound)).length : Number(statement.run(values.map(bound)).changes),
  }
}

function adaptNode(statement: BindingStatement): Statement {
  statement.setReadBigInts?.(true)
  const row = (found: Record<string, SqlValue>): Record<string, SqlValue> => {
    const named: Record<string, SqlValue> = {}
    for (const name of Object.keys(found)) named[name] = plain(found[name])
    return named
  }
  return {
    get(values) {
      const found = statement.get(...values.map(bound)) as Record<string, SqlValue> | undefined
      return found === undefined ? undefined : row(found)
    },
    all: (values) => (statement.all(...values.map(bound)) as Record<string, SqlValue>[]).map(row),
    run: (values) => Number(statement.run(...values.map(bound)).changes),
  }
}

function namesOf(statement: BindingStatement): string[] {
  return (statement.columns?.() ?? []).map((column) => column.name)
}

/** Whole numbers go in as INTEGER (libsql would make them REAL), booleans as 0 and 1 (libsql would panic). */
function bound(value: SqlValue): SqlValue {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value
    case 'boolean':
      return value ? 1n : 0n
    case 'undefined':
      throw new OncewireError('invalid-argument', 'never', 'an SQL parameter is undefined: pass null for NULL')
    default:
      return value
  }
}

function plain(value: unknown): SqlValue {
  // Not `slice`: of a Buffer that makes another Buffer.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return value as SqlValue
}
