import { type Finding, findingsOf } from '../base/finding.ts'
import { came, type Deployment, NAVIGATION, placeOf, plain } from './deployment.ts'

/** The path to which LibreChat redirects browsers. */
const LIBRECHAT = 'auth/openid/callback'

/** The logins, whether they worked, and whether their callbacks reach the server. */
export async function loginFindings(
  deployment: Deployment,
  callbacks: readonly string[],
): Promise<Finding[]> {
  const { ask, root } = deployment
  const { ok, wrong, unknown } = findingsOf('logins')
  const answer = await ask(new URL('logins', root))
  const listed = 'failure' in answer ? undefined : answer.json?.logins
  if (!Array.isArray(listed))
    return [unknown('The doctor cannot see the logins: GET logins of the session server returns no list.')]
  const logins = listed.map(({ name, ways, works }) => ({
    name: plain(name),
    isRedirect: [ways].flat().includes('redirect'),
    works,
  }))
  const names = logins.map(({ name }) => name).join(', ')
  const broken = logins.filter(({ works }) => works === false)
  const known =
    broken.length > 0
      ? broken.map(({ name }) =>
          wrong(
            `The login "${name}" did not work when it was last used: the server's notice \`loginRefused\` says why; \`server.check()\` looks at its backend.`,
          ),
        )
      : [
          logins.length > 0
            ? ok(`These logins are offered: ${names}.`)
            : unknown('No login is shown to strangers.'),
        ]
  const paths =
    callbacks.length > 0
      ? callbacks.map((path) => [path])
      : logins.flatMap(({ name, isRedirect }) =>
          isRedirect ? [[`${root.pathname}callback/${name}`, LIBRECHAT]] : [],
        )
  const ways = await Promise.all(paths.map((those) => callbackFindings(deployment, those)))
  return [...known, ...ways.flat()]
}

/**
 * The first of `paths` that the session server knows: it redirects a browser without a begun login to the login page.
 */
async function callbackFindings({ ask, url }: Deployment, paths: readonly string[]): Promise<Finding[]> {
  const { ok, wrong, unknown } = findingsOf('callback')
  for (const path of paths) {
    const at = new URL(path, url)
    const answer = await ask(at, { headers: NAVIGATION })
    if ('failure' in answer) return [unknown(`${at.href} gets no answer (${answer.failure}).`)]
    if (answer.json?.error === 'not_found') continue
    const to = placeOf(answer, at)
    if (!to || !answer.headers.location?.includes('error='))
      return [
        wrong(
          `The callback ${at.href} does not reach the session server: ${came(answer)}. Route it there, before any fallback for pages.`,
        ),
      ]
    return [ok(`The callback ${at.href} reaches the session server.`), await loginPageFinding(to, ask)]
  }
  return [
    unknown(
      `The callback of a login is at none of these paths: ${paths.join(', ')}. Name its path with --callback, as \`callbackPath\` of the login has it.`,
    ),
  ]
}

async function loginPageFinding(to: URL, ask: Deployment['ask']): Promise<Finding> {
  const { ok, wrong } = findingsOf('login page')
  const page = await ask(to, { headers: NAVIGATION })
  if (!('failure' in page) && page.status < 400) return ok(`There is a login page at ${to.href}.`)
  return wrong(
    `A failed login leads to ${to.href}, and there is no page (${'failure' in page ? page.failure : page.status}): serve one, or name it in the option \`loginPath\`.`,
  )
}
