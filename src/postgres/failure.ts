import { Misconfigured } from '../base/errors.ts'

/** The meaning of PostgreSQL's errors (SQLSTATE) that an operator can correct. */
const causes: Readonly<Record<string, string>> = {
  '25006': 'it is a standby, or read-only. Connect to the primary (`target_session_attrs=read-write`)',
  '25P02': 'its connection is in a transaction that failed. Give the store a pool, not a transaction',
  '40001': 'others kept changing the row',
  '40P01': 'it broke a deadlock',
  '53100': 'its disk is full',
  '53200': 'it is out of memory',
  '53300': 'it has too many connections. Use a smaller pool, or a pooler',
  '57014': 'the statement was cancelled, by `statement_timeout` or by a user',
  '57P01': 'it is shutting down',
  '57P02': 'it has crashed',
  '57P03': 'it is starting, or stopping',
}
const faults: Readonly<Record<string, string>> = {
  '28000': 'it does not accept this role',
  '28P01': 'it does not accept the name or the password',
  '3D000': 'the database does not exist',
  '3F000': 'the schema is not there',
  '42501': 'this role may not do that. Grant it SELECT, INSERT, UPDATE and DELETE on the table',
  '42703': 'the table has other columns. Use another `table`',
  '42804': 'the table has other columns. Use another `table`',
  '42P01': 'the table does not exist. Create it with the statements of `createTableSql`',
}

/** Nothing was written, and the same statement may succeed at once. */
export const isRace = (error: unknown) => ['40001', '40P01'].includes(sqlStateOf(error) ?? '')

/**
 * Replaces the error of a client, because that may hold the statement with everything that was sent. `sqlState` is the
 * code of PostgreSQL's answer; absent if PostgreSQL did not answer.
 */
export function postgresFailure(error: unknown): Error & { readonly sqlState?: string } {
  const sqlState = sqlStateOf(error)
  if (!sqlState) {
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'Error'
    return new Error(`PostgreSQL could not be reached, or its connection broke (${name}).`)
  }
  const fault = faults[sqlState]
  const why = fault ?? causes[sqlState] ?? 'see its log'
  const text = `PostgreSQL refused a statement: ${why} (${sqlState}).`
  return Object.assign(fault ? new Misconfigured(text) : new Error(text), { sqlState })
}

function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  // Not every code is one of PostgreSQL: `EPIPE` has the same length and is the system's.
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined
}
