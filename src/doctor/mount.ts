import { type Finding, findingsOf } from '../base/finding.ts'
import type { Answer } from './ask.ts'
import { came, type Deployment, placeOf, plain } from './deployment.ts'
import { strangerAt } from './strangers.ts'

const { ok, wrong, unknown } = findingsOf('mount')

/** The meaning of a session server's errors for a browser that is not logged in. */
const WORDS: Readonly<Record<string, string>> = {
  not_found:
    'the session server answers, and has nothing at this path: compare its option `path`, and the path of `publicUrl`, with the path of this request; if a proxy or a framework removes the path of `publicUrl`, set `isPathStripped`',
  not_a_request:
    'the session server did not get a web `Request`: behind node:http and Express mount it with `toNodeListener` of xstate-session/node',
  body_already_read:
    'other code reads the body before the session server: mount the session server before express.json and similar middleware',
  draining: 'the process is stopping and accepts no requests: try again, or restart it',
  unavailable: 'the session server cannot look up sessions: its store does not answer',
  misconfigured: 'the session server says that an option is wrong: its log says which one',
}

/** Whether an answer is the session server's own for a browser that is not logged in. */
export const isMounted = ({ status, json }: Answer): boolean => status === 401 && json?.error === 'no_session'

/** Whether the session server answers at its path, by its answer to a browser that is not logged in. */
export async function mountFinding(
  { ask, facts: root, url }: Deployment,
  answer: Answer,
  page: Answer | undefined,
): Promise<Finding> {
  const { status, json, body, headers } = answer
  const at = root.href
  if (isMounted(answer)) return ok(`The session server answers at ${at}.`)
  if (json?.error === 'csrf')
    return wrong(
      `The session server refuses a read as if it came from another site: it expected ${plain(json.expected)}, and got ${plain(json.came)}. A proxy changes these headers: let it pass them on.`,
    )
  if (json?.error === 'not_found' && url.pathname !== '/') {
    // With the path twice, one is left.
    const twice = await ask(new URL(`${url.pathname}${root.pathname.slice(1)}`, root))
    if (!('failure' in twice) && isMounted(twice))
      return wrong(
        `A proxy or a framework removes ${url.pathname} before the session server sees it: set the option \`isPathStripped\` of createSessionServer, or let the proxy keep the path (\`proxy_pass\` without a path in nginx).`,
      )
  }
  const word = WORDS[String(json?.error)]
  if (word) return wrong(`At ${at} ${word}.`)
  if (status >= 300 && status < 400) return redirected(answer, root)
  const stranger = strangerAt({ answer, page, path: withoutSlash(root) })
  if (stranger) return wrong(`At ${at} ${stranger}.`)
  const isPage = /^text\/html/i.test(headers['content-type'] ?? '')
  if (status === 400 && /https port|to an https server/i.test(body))
    return wrong(
      `${root.origin} speaks https, and the address says http: write https, here and in \`publicUrl\`.`,
    )
  if (status >= 502 && status <= 504)
    return wrong(
      `At ${at} a gateway says ${status}: it does not reach the process of the session server. Start the process, and compare its address with the address in the gateway.`,
    )
  if (status === 401 || status === 403)
    return wrong(
      `At ${at} a proxy in front asks for its own login: ${came(answer)}. Let ${root.pathname} pass; the session server checks its requests itself.`,
    )
  if (status === 200 && isPage)
    return wrong(
      `At ${at} a page answers, not the session server: the fallback for pages answers every path. Mount createSessionServer before it, at ${root.pathname}.`,
    )
  if (status === 404)
    return wrong(
      `At ${at} nothing answers (${came(answer)}): mount createSessionServer so that ${root.pathname} and all paths below it reach \`server.handle\`. Is ${url.href} the \`publicUrl\`, with its path?`,
    )
  if (status >= 500) return wrong(`At ${at} the application fails with ${came(answer)}: its log says why.`)
  return unknown(`At ${at} another program answers, not a session server: ${came(answer)}.`)
}

const withoutSlash = ({ pathname }: URL) => pathname.replace(/\/$/, '')

function redirected(answer: Answer, root: URL): Finding {
  const to = placeOf(answer, root)
  if (!to) return wrong(`${root.href} is redirected (${answer.status}), but the answer has no Location.`)
  if (to.host === root.host && to.protocol !== root.protocol)
    return wrong(
      `${root.origin} is redirected to ${to.origin}: browsers must open the panel there. Use ${to.origin} in \`publicUrl\`, and run the doctor with that address.`,
    )
  if (to.origin === root.origin && withoutSlash(to) === withoutSlash(root))
    return wrong(
      `${root.pathname} is redirected to ${to.pathname}, and neither is the session server: route both to it, and switch off the option that adds or removes slashes.`,
    )
  return wrong(
    `${root.href} is redirected to ${plain(to.href)}: an access proxy, or a guard of the application, stands in front, or nginx turns the server's 401 into this (\`proxy_intercept_errors\`). Let ${root.pathname} pass; the session server checks its requests itself.`,
  )
}
