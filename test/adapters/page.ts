import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, onTestFinished } from 'vitest'
import { createSession, type SessionOptions } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { createMockBackend } from 'xstate-session/msw'
import { fakeClock } from '../fakeClock.ts'

export const ORIGIN = 'https://chat.example'

/** A session whose backend answers in this process, and what the backend was asked. */
export function adminOf(options: Partial<SessionOptions> = {}) {
  const clock = fakeClock()
  const backend = createMockBackend({ now: clock.wall, baseUrl: ORIGIN })
  const asked: string[] = []
  /** Answers that a test puts in place of the backend's. */
  const instead = new Map<string, () => Response | Promise<Response>>()
  const backendFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    asked.push(`${request.method} ${pathname}`)
    const other = instead.get(pathname)
    if (other) return other()
    for (const handler of backend.handlers) {
      const run = await handler.run({ request: request.clone(), requestId: 'r' })
      if (run?.response) return run.response
    }
    return Response.json({ path: pathname }, { status: 404 })
  }
  const session = createSession({
    baseUrl: ORIGIN,
    strategies: { openid: openidStrategy() },
    fetch: backendFetch,
    clock,
    random: () => 0.5,
    ...options,
  })
  onTestFinished(() => session.dispose())
  return {
    backend,
    clock,
    session,
    asked,
    instead,
    login: (user?: string) =>
      session.login(backend.issueLogin(user ? { userId: user } : {}), { provider: 'openid' }),
  }
}

/** Shows `element` in a page of its own, as a browser would, and ends it with the test. */
export function show(element: ReactNode) {
  const container = document.createElement('div')
  document.body.append(container)
  const root = createRoot(container)
  root.render(element)
  onTestFinished(() => {
    root.unmount()
    container.remove()
  })
  const text = () => container.textContent ?? ''
  const buttonOf = (label: string) =>
    [...container.querySelectorAll('button')].find((one) => one.textContent === label)
  return {
    text,
    /** Waits until the page shows `words`. */
    shows: (words: string | RegExp) => expect.poll(text).toMatch(words),
    async click(label: string) {
      await expect.poll(() => buttonOf(label)).toBeDefined()
      buttonOf(label)?.click()
    },
  }
}
