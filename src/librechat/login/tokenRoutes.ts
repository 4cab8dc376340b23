/** The paths of `api/auth/` that answer without a token. New ones are refused until they are listed here. */
const HARMLESS = /^2fa\/(enable|verify|confirm|disable|backup\/regenerate)$/

/**
 * Whether LibreChat may answer with tokens there. This is the second check behind the table of the API. No page behind
 * a server needs these areas, so they are closed as a whole, also for future routes.
 */
export function isTokenRoute(segments: readonly string[]): boolean {
  // As loosely as a router may read them: any case, compatible letters, without dots and blanks at the end.
  const names = segments.map((segment) =>
    segment
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[. ]+$/, ''),
  )
  const [first, area, name = ''] = names
  if (first !== 'api') return names.includes('oauth')
  if (area === 'admin') return name === 'login' || name === 'oauth'
  if (area === 'auth') return !HARMLESS.test(names.slice(2).join('/'))
  return names.includes('oauth')
}
