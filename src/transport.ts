/** The platform's `fetch`, looked up at each call. */
export function transport(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init)
}
