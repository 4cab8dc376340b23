/** The platform's `fetch`, looked up at each call. */
export function transport(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init)
}

/** A browser does not say why a request failed: it may always have arrived. */
export function refusalOf(_: unknown): 'network' | 'misconfigured' | undefined {
  return undefined
}
