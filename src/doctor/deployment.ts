import type { Answer, Ask } from './ask.ts'

/** The examined deployment. */
export interface Deployment {
  readonly ask: Ask
  /** The panel's address in browsers; ends with `/`. */
  readonly url: URL
  /** The address of the session server's own endpoints; ends with `/`. */
  readonly root: URL
  /** The address of the session's facts: `root`, with its slash or without, as a page finds it. */
  readonly facts: URL
}

/** The headers of a page's calls. */
export const fromPage = (origin: string) => ({
  origin,
  'x-csrf': '1',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
})

/** The headers of a browser that navigates. */
export const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}

/** A short description of an answer, without its body and without a query. */
export function came({ status, headers }: Answer): string {
  const type = headers['content-type']?.split(';')[0] ?? 'no content type'
  return `${status} (${plain(type)})`
}

/** Why something is not in its place: the answer, or a redirect that adds a slash. */
export function inPlace(answer: Answer, at: URL): string {
  const to = answer.status >= 300 && answer.status < 400 ? placeOf(answer, at) : undefined
  return to?.pathname === `${at.pathname}/`
    ? `${answer.status}, to the same path with a slash. Switch off the option that adds slashes (\`trailingSlash\` in Next.js) below`
    : `${came(answer)}. Let all methods and all paths pass below`
}

/** The target of a redirect without its query. */
export function placeOf({ headers }: Answer, from: URL): URL | undefined {
  const to = headers.location === undefined ? null : URL.parse(headers.location, from)
  return to ? new URL(to.pathname, to) : undefined
}

/** A stranger's text, made safe for a terminal. */
export const plain = (text: unknown): string =>
  String(text)
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 160)
