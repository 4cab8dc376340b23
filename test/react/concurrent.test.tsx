// @vitest-environment jsdom
import { type Dispatch, type SetStateAction, startTransition, useLayoutEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from 'xstate-session'
import { SessionProvider, useSession, useUser } from 'xstate-session/react'
import { loggedIn } from '../session/fixture.ts'
import { modes } from './page.tsx'

/** React works as in a browser here: in slices, and not when a test says so. */
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const PARTS = 30

/** A part of a page that takes longer than a slice of React's work (5 ms). */
function work() {
  const endsAt = systemClock.monotonic() + 6
  while (systemClock.monotonic() < endsAt);
}

describe.each(modes)('E8 concurrent rendering, %s', (_, wrap) => {
  test('a session that ends in the middle of a rendering tears nothing', async () => {
    const { session, login } = await loggedIn()
    let begun = 0
    const commits: string[][] = []
    let show: Dispatch<SetStateAction<boolean>> = () => {}

    function Part() {
      const user = useUser()
      const state = useSession((it) => it.state)
      begun++
      work()
      return <li>{`${state} ${user?.id}`}</li>
    }
    function Page() {
      const [isShown, setShown] = useState(false)
      show = setShown
      return isShown ? <List /> : <p>start</p>
    }
    function List() {
      useSession()
      useLayoutEffect(() => {
        commits.push([...container.querySelectorAll('li')].map((li) => li.textContent ?? ''))
      })
      // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
      return Array.from({ length: PARTS }, (_, at) => <Part key={at} />)
    }

    const container = document.createElement('div')
    const root = createRoot(container)
    onTestFinished(() => root.unmount())
    root.render(
      wrap(
        <SessionProvider session={session}>
          <Page />
        </SessionProvider>,
      ),
    )
    while (!container.textContent) await turn()

    startTransition(() => show(true))
    while (begun < 5) await turn()
    // In the middle: some parts have seen the session alive, none is shown.
    expect(begun).toBeLessThan(PARTS)
    expect(commits).toEqual([])
    void session.logout()
    while (commits.length === 0) await turn()
    for (let turns = 0; turns < 20; turns++) await turn()
    void login({ user: { id: 'bob' } })
    while (!container.textContent?.includes('bob')) await turn()

    for (const texts of commits) {
      expect(texts).toHaveLength(PARTS)
      expect(new Set(texts).size).toBe(1)
    }
    expect(commits.at(-1)?.[0]).toBe('active bob')
    expect(container.querySelectorAll('li')[0]?.textContent).toBe('active bob')
  })

  test('a selection that is a new object each time renders once for each change', async () => {
    const { session } = await loggedIn()
    let renders = 0
    function Selecting() {
      renders++
      const { user, tags } = useSession((state) => ({ user: state.user, tags: [state.state, state.reason] }))
      return <p>{`${user?.id} ${tags.join()}`}</p>
    }
    const container = document.createElement('div')
    const root = createRoot(container)
    onTestFinished(() => root.unmount())
    root.render(
      wrap(
        <SessionProvider session={session}>
          <Selecting />
        </SessionProvider>,
      ),
    )
    while (!container.textContent) await turn()
    const before = renders
    await session.logout()
    while (!container.textContent.includes('loggedOut')) await turn()
    // StrictMode renders everything twice.
    expect(renders - before).toBeLessThanOrEqual(2)
  })
})
