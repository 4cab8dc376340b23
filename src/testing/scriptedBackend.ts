/** One request as the backend saw it. */
export interface Received {
  readonly url: string
  readonly method: string
  readonly headers: string
  readonly body: string
}

/** What the backend does with a request: answers it, drops it, or never answers. */
export type Script = (request: Request) => Response | Promise<Response>

/** Where a redirect of the scripts leads: nobody may come here. */
export const ELSEWHERE = 'elsewhere'

/**
 * A backend that answers as `script` says and notes all that it receives. What redirects lead to is answered by
 * `success`: who follows one is given what it wants.
 */
export function scriptedBackend(script: Script, success: () => Response) {
  const received: Received[] = []
  let arrive = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })

  async function answer(request: Request): Promise<Response> {
    const { url, method } = request
    const headers = [...request.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
    received.push({ url, method, headers, body: await request.clone().text() })
    arrive()
    return new URL(url).pathname.endsWith(ELSEWHERE) ? success() : script(request)
  }

  /** The platform's `fetch` as far as a strategy can tell, redirects and abortion included. */
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { signal } = request
    signal.throwIfAborted()
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    )
    const response = await Promise.race([answer(request), aborted])
    const target = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || target === null || request.redirect === 'manual')
      return response
    if (request.redirect === 'error') throw new TypeError('fetch failed')
    const followed = await answer(new Request(new URL(target, request.url)))
    Object.defineProperty(followed, 'redirected', { value: true })
    return followed
  }

  return { received, arrived, answer, fetch }
}
