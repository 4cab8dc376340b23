import { act, type ReactNode, StrictMode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { onTestFinished, vi } from 'vitest'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

/** How a tree is rendered; every way must show the same. */
export const modes: readonly (readonly [string, (tree: ReactNode) => ReactNode])[] = [
  ['plainly', (tree) => tree],
  ['in StrictMode', (tree) => <StrictMode>{tree}</StrictMode>],
]

/** A page with `tree` in it, from nothing or from the `html` of a server. */
export async function open(tree: ReactNode, html?: string) {
  const container = document.createElement('div')
  document.body.append(container)
  const complaints: unknown[] = []
  const report = vi.spyOn(console, 'error').mockImplementation((...words) => void complaints.push(words))
  let root: Root | undefined
  onTestFinished(async () => {
    await act(async () => root?.unmount())
    container.remove()
    report.mockRestore()
  })
  if (html === undefined) {
    root = createRoot(container)
    await act(async () => root?.render(tree))
  } else {
    container.innerHTML = html
    await act(async () => {
      root = hydrateRoot(container, tree, { onRecoverableError: (error) => complaints.push(error) })
    })
  }
  return {
    container,
    /** What React complained of: mismatches of a hydration, loops, updates outside of its order. */
    complaints,
    text: () => container.textContent,
    html: () => container.innerHTML,
    render: (next: ReactNode) => act(async () => root?.render(next)),
    unmount: () => act(async () => root?.unmount()),
    click: (label: string) =>
      act(async () => {
        const button = [...container.querySelectorAll('button')].find((one) => one.textContent === label)
        if (!button) throw new Error(`No button "${label}" in ${container.innerHTML}`)
        button.click()
      }),
  }
}

/** Lets `change` happen, and React and the session catch up with it. */
export const settle = (change: () => unknown): Promise<void> =>
  act(async () => {
    await change()
    await new Promise((resolve) => setImmediate(resolve))
  })

/** Counts how often each component renders. */
export function renderCounts() {
  const counts: Record<string, number> = {}
  return {
    count(name: string) {
      counts[name] = (counts[name] ?? 0) + 1
    },
    /** What rendered since the last call. */
    take() {
      const taken = { ...counts }
      for (const name of Object.keys(counts)) delete counts[name]
      return taken
    },
  }
}
