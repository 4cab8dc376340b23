import { Misconfigured } from '../base/errors.ts'

export const DEFAULT_TABLE = 'xstate_sessions'

const NAME = /^[a-z_][a-z0-9_]*$/
/** The names of the indexes are longer, and PostgreSQL cuts names at 63. It is also the name of a channel. */
const LONGEST = 48

/** A table's name in quotes. @throws {Misconfigured} if the name is invalid */
export function quotedTable(table: string): string {
  const parts = typeof table === 'string' ? table.split('.') : []
  if (
    parts.length < 1 ||
    parts.length > 2 ||
    table.length > LONGEST ||
    !parts.every((part) => NAME.test(part))
  ) {
    throw new Misconfigured(
      'postgresServerStore: `table` is a name, or a schema and a name with a dot between: small letters, digits and underscores, 48 in all.',
    )
  }
  return parts.map((part) => `"${part}"`).join('.')
}
