import type { Answer } from './ask.ts'

/** What the page and the answer say of who sent it. */
interface Seen {
  readonly answer: Answer
  readonly page: Answer | undefined
  /** The path of the session server, without the slash at its end. */
  readonly path: string
}

const isVite = ({ answer, page }: Seen) =>
  [answer.body, page?.body].some((text) => text?.includes('/@vite/client'))
const isPage = ({ headers }: Answer) => /^text\/html/i.test(headers['content-type'] ?? '')
const isOfNginx = ({ body }: Answer) => /<center>nginx/i.test(body)

/** Servers that answer in place of the session server: what only they send, and what to correct there. */
const strangers: readonly (readonly [is: (seen: Seen) => boolean, mend: (seen: Seen) => string])[] = [
  [
    ({ answer }) => answer.status === 403 && answer.body.startsWith('Blocked request. This host'),
    () => "Vite's dev server does not serve this host: name it in `server.allowedHosts`",
  ],
  [
    (seen) => isVite(seen) && seen.answer.status === 500 && seen.answer.body === '',
    () =>
      "Vite's dev server does not reach the target of its `server.proxy`: start the session server, and compare its host and port with the target",
  ],
  [
    (seen) => isVite(seen) && (isPage(seen.answer) || seen.answer.status === 404),
    ({ path }) =>
      `Vite's dev server answers: name ${path} in its \`server.proxy\`, with the session server as target`,
  ],
  [
    ({ answer }) => answer.status === 404 && isPage(answer) && answer.body.includes('/_next/'),
    ({ path }) =>
      `Next.js has no route: the file is \`app${path}/[[...path]]/route.ts\`, whose two brackets on each side stand for ${path} itself, too`,
  ],
  [
    ({ answer }) => answer.status === 404 && answer.body === '404 page not found\n',
    () =>
      'a server in Go, such as Traefik, has no route: compare the rule of its router, its entry point and its TLS with the address',
  ],
  [
    ({ answer }) =>
      answer.status === 200 && answer.body === '' && /^caddy/i.test(String(answer.headers.server)),
    ({ path }) =>
      `Caddy answers with nothing: it has no site for this host, or no \`reverse_proxy\` for ${path}`,
  ],
  [
    ({ answer }) => answer.status === 404 && isOfNginx(answer),
    ({ path }) => `nginx itself answers 404: give it a \`location\` for ${path} with \`proxy_pass\``,
  ],
  [
    ({ answer }) =>
      answer.status === 401 && isOfNginx(answer) && answer.headers['www-authenticate'] === undefined,
    () =>
      "nginx puts a page of its own in the place of the server's 401: switch `proxy_intercept_errors` off for these paths",
  ],
]

/** What to correct at the server that answers in place of the session server; `undefined`: it is not recognised. */
export const strangerAt = (seen: Seen): string | undefined => strangers.find(([is]) => is(seen))?.[1](seen)
