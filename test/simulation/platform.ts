/** What the platform is at on threads of its own: until it is done, it depends on the machine when that is. */
let underWay = 0

const { subtle } = globalThis.crypto

for (const name of ['digest', 'importKey', 'sign'] as const) {
  const own = subtle[name].bind(subtle) as (...given: unknown[]) => Promise<unknown>
  Object.defineProperty(subtle, name, {
    value(...given: unknown[]) {
      underWay += 1
      return own(...given).finally(() => {
        underWay -= 1
      })
    },
  })
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Everything that waits only for the event loop, or for what the platform computes, has run. */
export async function settled(): Promise<void> {
  await turn()
  while (underWay > 0) await turn()
}
