/** A provider's answer in an address (RFC 6749 section 4.1.2). */
export interface Callback {
  readonly state: string
  /** The callback page of the provider. */
  readonly redirectUri: string
  readonly parameters: URLSearchParams
  /** The address without the answer. */
  readonly clean: string
}

const ANSWER = [
  'code',
  'state',
  'error',
  'error_description',
  'error_uri',
  'iss',
  'session_state',
  'response',
]

/**
 * The answer in `href`, if that is the page of `redirectUri` and has one: in the query, or in the fragment, where some
 * providers put their errors.
 */
export function callbackOf(href: string, redirectUri: string): Callback | undefined {
  const url = new URL(href)
  const own = new URL(redirectUri)
  if (url.origin !== own.origin || url.pathname !== own.pathname) return undefined
  const inHash = new URLSearchParams(url.hash.slice(1))
  const parameters = isAnswer(url.searchParams) ? url.searchParams : inHash
  if (!isAnswer(parameters)) return undefined
  const clean = new URL(href)
  if (parameters === inHash) clean.hash = ''
  else for (const name of ANSWER) clean.searchParams.delete(name)
  return {
    state: parameters.get('state') ?? '',
    redirectUri,
    parameters: new URLSearchParams(parameters),
    clean: `${clean.pathname}${clean.search}${clean.hash}`,
  }
}

const isAnswer = (parameters: URLSearchParams) =>
  parameters.has('state') && (parameters.has('code') || parameters.has('error'))
