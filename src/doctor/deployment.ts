import type { Answer, Ask } from './ask.ts'

/** What is looked at. */
export interface Deployment {
  readonly ask: Ask
  /** Where browsers see the panel; ends with `/`. */
  readonly url: URL
  /** Where the session server's own endpoints are; ends with `/`. */
  readonly root: URL
  /** Where it tells the facts of a session: `root`, with its slash or without, as a page finds it. */
  readonly facts: URL
}

/** What a page of the panel sends with its calls. */
export const fromPage = (origin: string) => ({
  origin,
  'x-csrf': '1',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
})

/** What a browser sends that goes to an address. */
export const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}

/** What came, in a few words: nothing of a body, nothing of a query. */
export function came({ status, headers }: Answer): string {
  const type = headers['content-type']?.split(';')[0] ?? 'no content type'
  return `${status} (${plain(type)})`
}

/** Why something is not where it should be: what came, or a redirect that adds a slash. */
export function inPlace(answer: Answer, at: URL): string {
  const to = answer.status >= 300 && answer.status < 400 ? placeOf(answer, at) : undefined
  return to?.pathname === `${at.pathname}/`
    ? `${answer.status}, to the same path with a slash. Switch off the option that adds slashes (\`trailingSlash\` in Next.js) below`
    : `${came(answer)}. Let all methods and all paths pass below`
}

/** Where a redirect leads, without its query. */
export function placeOf({ headers }: Answer, from: URL): URL | undefined {
  const to = headers.location === undefined ? null : URL.parse(headers.location, from)
  return to ? new URL(to.pathname, to) : undefined
}

/** What a stranger has said, fit for a terminal. */
export const plain = (text: unknown): string =>
  String(text)
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 160)
