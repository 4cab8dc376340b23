import { type Finding, findingsOf } from '../base/finding.ts'
import type { Answer } from './ask.ts'
import { came, type Deployment, placeOf, plain } from './deployment.ts'

const { ok, wrong, unknown } = findingsOf('mount')

/** What the words of a session server mean, where it answers otherwise than to somebody who is not logged in. */
const WORDS: Readonly<Record<string, string>> = {
  not_found:
    'the session server answers, and has nothing at this path: compare its option `path`, and the path of `publicUrl`, with what is asked; a proxy or a framework may take a part of the path off before it gets there',
  not_a_request:
    'the session server is given something else than a web `Request`: behind node:http and Express mount it with `toNodeListener` of xstate-session/node',
  body_already_read:
    'something reads the body before the session server does: mount it before express.json and its like',
  draining: 'the process is about to stop and takes no request: ask again, or start it anew',
  unavailable: 'the session server cannot look up sessions: its store does not answer',
  misconfigured: 'the session server says that an option is wrong: its log has the sentence',
}

/** Whether an answer is the session server's own to somebody who is not logged in. */
export const isMounted = ({ status, json }: Answer): boolean => status === 401 && json?.error === 'no_session'

/** Whether the session server answers at its path, by the answer to somebody who is not logged in. */
export function mountFinding(
  { facts: root, url }: Deployment,
  answer: Answer,
  page: Answer | undefined,
): Finding {
  const { status, json, body, headers } = answer
  const at = root.href
  if (isMounted(answer)) return ok(`The session server answers at ${at}.`)
  if (json?.error === 'csrf')
    return wrong(
      `The session server takes a read for that of another page: it expected ${plain(json.expected)}, and what came was ${plain(json.came)}. A proxy changes these headers: let it pass them on.`,
    )
  const word = WORDS[String(json?.error)]
  if (word) return wrong(`At ${at} ${word}.`)
  if (status >= 300 && status < 400) return redirected(answer, root)
  const isVite = [body, page?.body].some((text) => text?.includes('/@vite/client'))
  const isPage = /^text\/html/i.test(headers['content-type'] ?? '')
  if (isVite && (isPage || status === 404))
    return wrong(
      `At ${at} Vite's dev server answers by itself: name ${root.pathname} in its \`server.proxy\`, with the session server as target.`,
    )
  if (status === 400 && /https port|to an https server/i.test(body))
    return wrong(
      `${root.origin} speaks https, and was asked in plain http: write https, here and in \`publicUrl\`.`,
    )
  if (status === 502 || status === 504)
    return wrong(
      `At ${at} a gateway says ${status}: it does not reach the process of the session server. Start that, and compare the address in the gateway with what it listens on.`,
    )
  if (status === 401 || status === 403)
    return wrong(
      `At ${at} somebody in front asks for a login of its own: ${came(answer)}. Let ${root.pathname} pass; the session server judges its requests itself.`,
    )
  if (status === 200 && isPage)
    return wrong(
      `At ${at} a page comes in place of the session server: the fallback for pages answers every path. Mount createSessionServer before it, at ${root.pathname}.`,
    )
  if (status === 404)
    return wrong(
      `At ${at} there is nothing (${came(answer)}): mount createSessionServer so that ${root.pathname} and all below it reach \`server.handle\`. Is ${url.href} the \`publicUrl\`, with its path?`,
    )
  if (status >= 500) return wrong(`At ${at} the application fails with ${came(answer)}: its log says why.`)
  return unknown(`At ${at} something answers that is no session server: ${came(answer)}.`)
}

const withoutSlash = ({ pathname }: URL) => pathname.replace(/\/$/, '')

function redirected(answer: Answer, root: URL): Finding {
  const to = placeOf(answer, root)
  if (!to) return wrong(`${root.href} is redirected (${answer.status}) to nowhere: there is no Location.`)
  if (to.host === root.host && to.protocol !== root.protocol)
    return wrong(
      `${root.origin} is redirected to ${to.origin}: browsers are to see the panel there. Use ${to.origin} in \`publicUrl\`, and ask the doctor about it.`,
    )
  if (to.origin === root.origin && withoutSlash(to) === withoutSlash(root))
    return wrong(
      `${root.pathname} is redirected to ${to.pathname}, and the session server is at neither: route both to it, and switch off what adds or takes slashes.`,
    )
  return wrong(
    `${root.href} is redirected to ${plain(to.href)}: an access proxy, or a guard of the application, stands in front. Let ${root.pathname} pass; the session server judges its requests itself.`,
  )
}
