import { type Finding, findingsOf } from '../base/finding.ts'
import type { Answer, NoAnswer } from './ask.ts'
import { came, type Deployment, fromPage, inPlace, plain } from './deployment.ts'

/** An origin that no panel has. */
const STRANGER = 'https://doctor.invalid'

/**
 * Checks what arrives of a page's requests, and of the cookies in answers. A logout without a session changes nothing
 * and shows all of this: a foreign origin is refused with a text that names `publicUrl`, and our own origin gets a
 * deleted cookie.
 */
export async function requestFindings(deployment: Deployment): Promise<Finding[]> {
  const { ask, root, url } = deployment
  const at = new URL('logout', root)
  const logout = (origin: string) => ask(at, { method: 'POST', headers: fromPage(origin) })
  const [origin, publicOrigin = url.origin] = originFinding(url, await logout(STRANGER))
  const answer = await logout(publicOrigin)
  if ('failure' in answer) return [origin, lost(answer)]
  const { status, json } = answer
  const request = findingsOf('request headers')
  if (json?.error === 'csrf')
    return [
      origin,
      request.wrong(
        `A request of the panel's own page is refused: the server expected ${plain(json.expected)}, and got ${plain(json.came)}. Let the proxy pass Origin, X-CSRF and Sec-Fetch-Site on unchanged.`,
      ),
    ]
  if (status !== 200 || !json)
    return [
      origin,
      request.wrong(
        `A POST of the panel's own page does not reach the session server: ${inPlace(answer, at)} ${root.pathname}.`,
      ),
    ]
  const arrive = request.ok('Origin, X-CSRF and POST reach the session server.')
  return [origin, arrive, ...(await cookieFindings(deployment, answer, publicOrigin))]
}

const lost = ({ failure }: NoAnswer) =>
  findingsOf('request headers').wrong(
    `A POST gets no answer (${failure}): check the limits of the proxy, and the log of the server.`,
  )

/** `publicUrl`, by the refusal of a foreign page. */
function originFinding(url: URL, answer: Answer | NoAnswer): [Finding, string?] {
  const { ok, wrong, unknown } = findingsOf('origin')
  if ('failure' in answer) return [unknown('Whose requests the server takes cannot be seen: no answer came.')]
  const { json } = answer
  const expected = /^the header Origin: (\S+?), /.exec(String(json?.expected))?.[1]
  const publicOrigin = json?.error === 'csrf' ? expected && URL.parse(expected)?.origin : undefined
  if (answer.status === 200)
    return [
      wrong(
        'The session server accepts a request with the Origin of another site: a proxy removes Origin or replaces it. Let it pass Origin on unchanged.',
      ),
    ]
  if (!publicOrigin)
    return [
      unknown(
        `The doctor cannot see which requests the server accepts: ${came(answer)} came for a request of another site.`,
      ),
    ]
  if (publicOrigin === url.origin)
    return [ok(`The origin of \`publicUrl\` is ${publicOrigin}, as browsers see it.`), publicOrigin]
  return [wrong(`${otherOrigin(url, new URL(publicOrigin))}`), publicOrigin]
}

function otherOrigin(url: URL, told: URL): string {
  const isLocal = ({ hostname }: URL) => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  if (isLocal(url) && isLocal(told) && url.port === told.port && url.hostname !== told.hostname)
    return `The panel is open at ${url.origin}, and \`publicUrl\` says ${told.origin}: for a browser these are two hosts with separate cookies. Open ${told.origin}, or correct \`publicUrl\`.`
  if (url.host === told.host)
    return `Browsers see ${url.origin}, and \`publicUrl\` says ${told.origin}: give the scheme that browsers see, also if TLS ends in a proxy.`
  return `Browsers see ${url.origin}, and the origin of \`publicUrl\` is ${told.origin}: every request of the page is refused (csrf). Set \`publicUrl\` to ${url.href}.`
}

async function cookieFindings(
  { ask, facts, url }: Deployment,
  answer: Answer,
  publicOrigin: string,
): Promise<Finding[]> {
  const { ok, wrong } = findingsOf('cookie')
  const [line] = answer.cookies
  if (line === undefined)
    return [
      wrong(
        'A logout deletes the cookie, but no Set-Cookie arrives: a proxy or CDN removes it. Let it pass Set-Cookie on, and let it cache nothing of these paths.',
      ),
    ]
  const name = line.slice(0, line.indexOf('='))
  const faults = faultsOf(line, url, publicOrigin.startsWith('https:'))
  const attributes =
    faults.length === 0
      ? [ok('The attributes of the session cookie arrive as they are sent.')]
      : faults.map((fault) => wrong(`The cookie ${plain(name)} ${fault}`))
  const back = await ask(facts, { headers: { ...fromPage(publicOrigin), cookie: `${name}=0` } })
  const isSeen = !('failure' in back) && back.cookies.length > 0
  return [
    ...attributes,
    isSeen
      ? ok('Cookies of requests reach the session server.')
      : wrong(
          'A request with the session cookie is answered like one without: a proxy removes Cookie. Let it pass Cookie on for these paths.',
        ),
  ]
}

const withoutSlash = (path: string) => path.replace(/\/$/, '')

/** How browsers read the cookie's attributes (RFC 6265bis), if they differ from those of the server. */
function faultsOf(line: string, url: URL, isSecure: boolean): string[] {
  const attributes = new Map(
    line
      .split(';')
      .slice(1)
      .map((part) => {
        const [name = '', value = ''] = part.trim().split('=')
        return [name.toLowerCase(), value] as const
      }),
  )
  const path = attributes.get('path') ?? ''
  const isHost = line.startsWith('__Host-')
  const faults = [
    !attributes.has('httponly') &&
      'has lost HttpOnly: every script can read it. Let the proxy leave Set-Cookie alone.',
    isSecure &&
      !attributes.has('secure') &&
      'has lost Secure: browsers drop it. Let the proxy leave Set-Cookie alone (`proxy_cookie_flags` in nginx).',
    attributes.get('samesite')?.toLowerCase() !== 'lax' &&
      'is not SameSite=Lax: let the proxy leave Set-Cookie alone (`proxy_cookie_flags` in nginx).',
    attributes.has('domain') &&
      'has got a Domain, so all subdomains get it. Let the proxy leave Set-Cookie alone (`proxy_cookie_domain` in nginx).',
    isHost &&
      path !== '/' &&
      `has the Path ${plain(path)}, which browsers refuse with its prefix: let the proxy leave Set-Cookie alone (\`proxy_cookie_path\` in nginx).`,
    !(isHost && path !== '/') &&
      withoutSlash(path) !== withoutSlash(url.pathname) &&
      `is for the path ${plain(path)}, and the panel is at ${url.pathname}: correct the path of \`publicUrl\`, or the proxy that changes it (\`proxy_cookie_path\` in nginx).`,
  ]
  return faults.filter((fault) => fault !== false)
}
