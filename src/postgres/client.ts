/** Rows by the names of their columns. */
export type PostgresRow = Readonly<Record<string, unknown>>

/** A pool of `pg`, or an object with the same methods. */
interface PgPool {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly PostgresRow[] }>
}

/** The function of the package `postgres` (Postgres.js). */
interface PostgresJs {
  unsafe(
    text: string,
    parameters: string[],
    options: { readonly prepare: false },
  ): PromiseLike<readonly PostgresRow[]>
}

/** A `Pool` of `pg`, or the `sql` of `postgres` (Postgres.js). */
export type PostgresClient = PgPool | PostgresJs

/** Runs one statement, unnamed: behind a transaction pooler the next one may find another connection. */
export async function postgresRows(
  client: PostgresClient,
  statement: string,
  parameters: readonly string[],
): Promise<readonly PostgresRow[]> {
  if ('unsafe' in client) return client.unsafe(statement, [...parameters], { prepare: false })
  return (await client.query(statement, [...parameters])).rows
}
