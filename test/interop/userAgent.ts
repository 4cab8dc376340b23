import { JSDOM } from 'jsdom'
import type { UserAgent } from './party.ts'

/** Who signs in, at every provider. */
export const PERSON: Readonly<Record<string, string>> = { username: 'ada', password: 'correct horse' }
const MAX_STEPS = 15

/** A browser, near enough: cookies, redirects, and the first form of a page, filled in and sent. */
export function createUserAgent(): UserAgent {
  const cookies = new Map<string, string>()

  async function load(url: URL, init: RequestInit = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { accept: 'text/html', ...(init.headers as Record<string, string>), cookie }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  /** Where the first form of a page leads, and with what. */
  function submission(html: string, at: URL): readonly [URL, RequestInit] | undefined {
    const { document } = new JSDOM(html, { url: at.href }).window
    const form = document.querySelector('form')
    if (!form) return undefined
    const body = new URLSearchParams()
    // A form may own what stands outside of it.
    for (const field of form.elements) {
      const { name, type, value } = field as HTMLInputElement
      if (name && type !== 'checkbox') body.set(name, PERSON[name] ?? value)
    }
    return [
      new URL(form.action),
      {
        method: 'POST',
        body,
        headers: { origin: at.origin, 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]
  }

  return {
    call: load,
    cookies,
    async visit(location, ends) {
      let next: readonly [URL, RequestInit] = [location, {}]
      let at = location
      for (let step = 0; step < MAX_STEPS; step++) {
        at = next[0]
        if (ends.some((end) => at.href.startsWith(end))) return at
        const response = await load(...next)
        const to = response.headers.get('location')
        const form = to === null ? submission(await response.text(), at) : undefined
        if (to !== null) next = [new URL(to, at), {}]
        else if (form && form[0].href !== String(next[0])) next = form
        // It stays here.
        else return at
      }
      return at
    },
  }
}
