import type { EndSessionUrls } from './endSessionUrls.ts'
import { isPlainHttp, plainHttpWarning } from './plainHttp.ts'
import { readPath, readUrl, type ServerSettings } from './readServerOptions.ts'
import type { LoginHost } from './serverLogin.ts'

/** The services of a server for each of its logins. */
export function loginHosts(settings: ServerSettings, endSessionUrls: EndSessionUrls) {
  const { clock, publicUrl, attemptTimeoutMs, wireFetch, paths, isObserved } = settings
  const told = new Set<string>()
  return (name: string): LoginHost => ({
    name,
    clock,
    publicUrl,
    callbackPath: `${paths.root}callback/${name}`,
    attemptTimeoutMs,
    ...(wireFetch && { fetch: wireFetch }),
    pathOf: (path, option) => readPath(publicUrl, path, option),
    urlOf(value, option) {
      const url = readUrl(value, option)
      if (!isPlainHttp(url) || told.has(`${name} ${option}`) || option === 'jwks') return url
      told.add(`${name} ${option}`)
      if (isObserved) void settings.observe({ type: 'plainHttp', option })
      else console.warn(plainHttpWarning(option))
      return url
    },
    endSessionAt: endSessionUrls.put,
  })
}
