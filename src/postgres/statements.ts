/** The clock of the database, in milliseconds since the Unix epoch. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
/** A list of texts in the form of JSON, because each client writes arrays in its own way. */
const list = (parameter: string) => `ARRAY(SELECT jsonb_array_elements_text(${parameter}::text::jsonb))`

/** A hint is sent with the commit of its write; without a hint, nothing is sent. */
const hinted = (table: string, hint: string, isEnd: string) => `
      CASE WHEN ${isEnd}::text = '1' OR awaited_until > ${NOW} THEN pg_notify('${table}', ${hint}::text)::text END`

/** The most entries that one cleaning deletes. */
export const CLEANED = 1_000

/** The statements of a store, each whole by itself. All parameters are text. */
export function postgresStatements(table: string, channel: string) {
  return {
    /** $1 key. Always one row, because an old answer of a standby must not count. */
    read: `
      SELECT value, revision::text, pg_is_in_recovery() AS standby
      FROM (SELECT 1) AS one LEFT JOIN ${table} ON key = $1::text AND expires_at > ${NOW}`,
    /** $1 key, $2 value, $3 life, $4 tags. An expired entry counts as absent and is replaced. */
    insert: `
      INSERT INTO ${table} AS entry (key, value, revision, expires_at, tags)
      VALUES ($1::text, $2::text, 1, ${NOW} + $3::text::bigint, ${list('$4')})
      ON CONFLICT (key) DO UPDATE
      SET value = excluded.value, revision = 1, expires_at = excluded.expires_at, tags = excluded.tags,
          awaited_until = 0
      WHERE entry.expires_at <= ${NOW}
      RETURNING revision::text`,
    /** $1 key, $2 value, $3 life, $4 tags, $5 revision, $6 hint, $7 whether it is an end. */
    update: `
      UPDATE ${table}
      SET value = $2::text, revision = revision + 1, expires_at = ${NOW} + $3::text::bigint, tags = ${list('$4')}
      WHERE key = $1::text AND revision = $5::text::bigint AND expires_at > ${NOW}
      RETURNING revision::text,${hinted(channel, '$6', '$7')}`,
    /** $1 key, $2 for how long. The next writes of the entry are reported; its revision stays. */
    await: `
      UPDATE ${table} SET awaited_until = greatest(awaited_until, ${NOW} + $2::text::bigint)
      WHERE key = $1::text AND expires_at > ${NOW}
      RETURNING 1 AS found`,
    now: `SELECT ${NOW}::text AS now`,
    /** $1 tag. */
    keysOf: `
      SELECT key, pg_is_in_recovery() AS standby
      FROM ${table} WHERE tags @> ARRAY[$1::text] AND expires_at > ${NOW}`,
    /** Rows that another process is changing are left out. */
    clean: `
      DELETE FROM ${table} WHERE key IN (
        SELECT key FROM ${table} WHERE expires_hour < (SELECT ${NOW} / 3600000)
        LIMIT ${CLEANED} FOR UPDATE SKIP LOCKED)
      RETURNING 1 AS gone`,
  }
}
