/** Sends with `send`; by default with the platform's `fetch`, looked up at each call. */
export function transport(url: string, init: RequestInit, send = fetch): Promise<Response> {
  return send(url, init)
}

/** A browser does not say why a request failed, so it may always have arrived. */
export function refusalOf(_: unknown): 'network' | 'misconfigured' | undefined {
  return undefined
}

/** A browser's `fetch` has removed every encoding that it knows. */
export function inflated(bytes: Uint8Array, _encoding: string | null, _most: number): Uint8Array | undefined {
  return bytes
}
