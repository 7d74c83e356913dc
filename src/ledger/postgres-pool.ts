/**
 * What we need of a PostgreSQL client: a pool of `pg`, or anything that has these few methods; and one of its connections.
 *
 * Invariant: bigint columns come back as bigint, bytea as Uint8Array, whatever the client does by itself.
 */
import { OncewireError } from '../errors/oncewire-error.ts'

/** As much of a `pg.Pool` as we need. Give it `pipeline: true` where the version of pg knows that: fewer round trips. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  /** `max`: connections; 10 if absent. */
  readonly options?: { readonly max?: number | undefined }
}

/** As much of a client out of that pool. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>
  /** Back to the pool, or with an error out of it. */
  release(error?: Error | boolean): void
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
  getTypeParser?(type: number, format?: 'text'): (value: string) => unknown
  /** Queries may be sent before the ones before them are answered. */
  readonly pipeline?: boolean | undefined
}

export interface PostgresQuery {
  readonly text: string
  /** Prepared once on each connection under this name. */
  readonly name?: string
  // oxlint-disable-next-line no-explicit-any -- as pg declares it; a readonly array would refuse every real pool
  readonly values?: any[]
  readonly queryMode?: string
  readonly types?: { getTypeParser(type: number, format?: string): (value: string) => unknown }
}

export interface PostgresResult {
  readonly rows: readonly object[]
  readonly rowCount: number | null
  readonly command: string
}

/** SQL of ours, prepared on each connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export type Row = Readonly<Record<string, unknown>>

const int8 = 20
const bytea = 17
const int8Array = 1016

/** One connection, taken out of the pool. Queries are carried out in the order in which they are made. */
export class Link {
  private readonly client: PostgresClient
  private readonly types: NonNullable<PostgresQuery['types']>
  private last: Promise<unknown> = Promise.resolve()
  private broken: Error | undefined
  private readonly onError = (error: Error): void => {
    this.broken ??= error
  }

  private constructor(client: PostgresClient) {
    this.client = client
    // A connection that dies between two queries must not end the process.
    client.on?.('error', this.onError)
    this.types = { getTypeParser: (type) => parserOf(client, type) }
  }

  static async open(pool: PostgresPool): Promise<Link> {
    return new Link(await pool.connect())
  }

  /** The connection has died, and nobody need be told. */
  onBroken(told: () => void): void {
    this.client.on?.('error', told)
  }

  /** A statement of ours. */
  query({ name, text }: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return this.send({ name, text, values: [...values], types: this.types }).then(({ rows }) => rows as readonly Row[])
  }

  /** SQL of a user, one statement: the extended protocol refuses more. */
  foreign(text: string, values: readonly unknown[]): Promise<readonly object[]> {
    if (values.includes(undefined)) throw undefinedValue()
    const query = { text, values: [...values], queryMode: 'extended', types: this.types }
    const name = nameOf(text)
    return this.send(name === undefined ? query : { ...query, name }).then(({ rows }) => rows)
  }

  /** SQL without values or rows, perhaps several statements. Answers the last command that was carried out. */
  async command(text: string): Promise<string> {
    const result = (await this.send({ text })) as PostgresResult | readonly PostgresResult[]
    return 'command' in result ? result.command : (result.at(-1)?.command ?? '')
  }

  /** `error`: it is not used again. */
  release(error?: Error): void {
    this.client.off?.('error', this.onError)
    const reason = error ?? this.broken
    if (reason === undefined) this.client.release()
    else this.client.release(reason)
  }

  private send(query: PostgresQuery): Promise<PostgresResult> {
    if (this.client.pipeline === true) return this.client.query(query)
    const sent = this.last.then(() => this.client.query(query))
    this.last = sent.catch(() => {})
    return sent
  }
}

/** Statements of users that are prepared: those that came first, in this process. */
const namesMax = 256
const names = new Map<string, string>()

function nameOf(sql: string): string | undefined {
  const known = names.get(sql)
  if (known !== undefined || names.size >= namesMax) return known
  const name = `oncewire_user_${names.size}`
  names.set(sql, name)
  return name
}

function parserOf(client: PostgresClient, type: number): (value: string) => unknown {
  switch (type) {
    case int8:
      return BigInt
    case bytea:
      return (value) => new Uint8Array(Buffer.from(value.slice(2), 'hex'))
    case int8Array: {
      const parse = client.getTypeParser?.(type, 'text') ?? String
      return (value) => bigints(parse(value))
    }
    default:
      return client.getTypeParser?.(type, 'text') ?? String
  }
}

/** Arrays may have dimensions, and NULLs in them. */
function bigints(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bigints)
  return value === null ? null : BigInt(value as string)
}

function undefinedValue(): OncewireError {
  return new OncewireError('invalid-argument', 'never', 'an SQL parameter is undefined: pass null for NULL')
}
