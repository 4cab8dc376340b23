import { onTestFinished, vi } from 'vitest'

/** Channels within this process, delivered at once, and counted. */
export function channels() {
  const open = new Set<FakeChannel>()
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | undefined
    readonly name: string
    constructor(name: string) {
      this.name = name
      open.add(this)
    }
    postMessage(data: unknown) {
      for (const other of open)
        if (other !== this && other.name === this.name) other.onmessage?.({ data: structuredClone(data) })
    }
    close() {
      open.delete(this)
    }
  }
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  onTestFinished(() => void vi.unstubAllGlobals())
  return open
}

/** Locks of this process, one after the other, and who holds or waits. */
export function locks() {
  const used = new Set<unknown>()
  let last: Promise<unknown> = Promise.resolve()
  const request = async (_: string, { signal }: { signal: AbortSignal }, task: () => Promise<unknown>) => {
    used.add(task)
    const before = last
    let release = () => {}
    last = new Promise<void>((resolve) => {
      release = resolve
    })
    try {
      await before
      signal.throwIfAborted()
      return await task()
    } finally {
      release()
      used.delete(task)
    }
  }
  Object.defineProperty(navigator, 'locks', { value: { request }, configurable: true })
  onTestFinished(() => void Reflect.deleteProperty(navigator, 'locks'))
  return used
}
