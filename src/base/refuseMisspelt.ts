import { isDevelopment } from '#development'
import { Misconfigured } from './errors.ts'

/** The same for `idleTimeoutMs`, `idleTimeout`, `IdleTimeout` and `idleTimeoutSeconds`. */
const roughly = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z]/g, '')
    .replace(/(milliseconds|ms|seconds|minutes|s)$/, '')

/**
 * Refuses an option that nobody reads, if its name resembles one of `names` that is absent: the default of that one would
 * hold without a word. Other unknown options pass, because a configuration may be spread into the options.
 */
export function refuseMisspelt(given: object, names: readonly string[], where = ''): void {
  if (!isDevelopment) return
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const meant = names.find((known) => roughly(known) === roughly(name))
    if (meant !== undefined && (given as Readonly<Record<string, unknown>>)[meant] === undefined)
      throw new Misconfigured(`Option "${where}${name}" does not exist: write "${where}${meant}".`)
  }
}
