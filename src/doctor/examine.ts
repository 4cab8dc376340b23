import { systemClock } from '../base/clock.ts'
import { clockFinding, type Finding, findingsOf } from '../base/finding.ts'
import { type Answer, type Ask, createAsk, type NoAnswer } from './ask.ts'
import { type Deployment, fromPage, inPlace, NAVIGATION, placeOf } from './deployment.ts'
import { answerFindings, pageFindings } from './headers.ts'
import { loginFindings } from './logins.ts'
import { isMounted, mountFinding } from './mount.ts'
import { unreached } from './reach.ts'
import { requestFindings } from './requests.ts'

export interface Examination {
  /** The path under the panel's address: the option `path` of the server. @default 'session/' */
  readonly path?: string
  /** Paths of callbacks under that address. @default the default callbacks of the logins */
  readonly callbacks?: readonly string[]
  /** For each answer; milliseconds. @default 5_000 */
  readonly timeoutMs?: number
}

/**
 * Examines a deployment from outside, as a browser without a session sees it. It logs nobody in and nobody out.
 *
 * @throws {TypeError} for an invalid address
 */
export async function examine(
  address: string,
  { path = 'session/', callbacks = [], timeoutMs = 5_000 }: Examination = {},
): Promise<readonly Finding[]> {
  const url = readAddress(address)
  const root = new URL(path.endsWith('/') ? path : `${path}/`, url)
  const ask = createAsk(timeoutMs)
  const [facts, answer] = await findFacts(ask, root)
  if ('failure' in answer) return [await unreached(ask, root, answer.failure)]
  const deployment: Deployment = { ask, url, root, facts }
  const page = await pageAt(ask, url)
  const mount = await mountFinding(deployment, answer, page)
  const around = [
    ...addressFindings(url),
    clockFinding(answer.headers.date, systemClock.wall(), url.host),
    mount,
  ]
  // Answers of other servers say nothing about the session server.
  if (mount.state !== 'ok') return [...around, ...pageFindings(page, url)]
  return [
    ...around,
    await healthFinding(deployment),
    ...answerFindings(answer),
    ...(await requestFindings(deployment)),
    ...(await loginFindings(deployment, callbacks)),
    ...pageFindings(page, url),
  ]
}

/** The address of the facts and its answer: first without the slash, then with it, as a page asks. */
async function findFacts(ask: Ask, root: URL): Promise<readonly [URL, Answer | NoAnswer]> {
  const { 'x-csrf': _, origin, ...headers } = fromPage(root.origin)
  const bare = new URL(root.pathname.slice(0, -1), root)
  const first = await ask(bare, { headers })
  if ('failure' in first || isMounted(first)) return [bare, first]
  const second = await ask(root, { headers })
  if ('failure' in second) return [bare, first]
  const leadsOn = placeOf(first, bare)?.href === root.href
  return isMounted(second) || leadsOn ? [root, second] : [bare, first]
}

function readAddress(address: string): URL {
  const url = URL.parse(address)
  if (!url || !/^https?:/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new TypeError(
      'The address must be that of `publicUrl`, such as https://admin.example.com/: http or https, without user, query and fragment.',
    )
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function addressFindings({ protocol, hostname, origin }: URL): Finding[] {
  const { ok, wrong } = findingsOf('address')
  if (protocol === 'https:') return [ok(`${origin} answers over https.`)]
  if (/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
    return [ok(`${origin} answers; plain http is for this machine only.`)]
  return [
    wrong(
      `${origin} is plain http: everybody on the way can read the session cookie, and browsers store no Secure cookie from it. Serve it over https.`,
    ),
  ]
}

/** The first page of the panel, after up to two redirects of its own. */
async function pageAt(ask: Ask, url: URL): Promise<Answer | undefined> {
  let at = url
  for (let redirects = 0; redirects < 3; redirects++) {
    const answer = await ask(at, { headers: NAVIGATION })
    if ('failure' in answer) return undefined
    const to = answer.status >= 300 && answer.status < 400 ? placeOf(answer, at) : undefined
    if (!to || to.origin !== url.origin) return answer
    at = to
  }
  return undefined
}

async function healthFinding({ ask, root }: Deployment): Promise<Finding> {
  const { ok, wrong, unknown } = findingsOf('health')
  const at = new URL('health', root)
  const answer = await ask(at)
  if ('failure' in answer) return unknown(`GET health gets no answer (${answer.failure}).`)
  if (answer.json?.status === 'ready') return ok('The session server is ready, and its store answers.')
  if (answer.json?.error === 'store_away')
    return wrong(
      'The store of the sessions does not answer: nobody can log in or stay logged in. Check the store.',
    )
  if (answer.json?.error === 'draining')
    return wrong('The process is stopping and accepts no requests: try again, or restart it.')
  return wrong(`GET health does not reach the session server: ${inPlace(answer, at)} ${root.pathname}.`)
}
