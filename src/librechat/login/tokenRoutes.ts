/** Of `api/auth/` what answers with no token. All that may still come there is refused until it is listed here. */
const HARMLESS = /^2fa\/(enable|verify|confirm|disable|backup\/regenerate)$/

/**
 * Whether LibreChat may answer with tokens there. The second line behind the table of the API: no page behind a server
 * needs these areas, so they are closed as a whole, whatever they grow to.
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
