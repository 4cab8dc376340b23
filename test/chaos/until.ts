import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves as soon as it is so; `otherwise` is said after ten seconds. */
export async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await isSo()) return
    await sleep(20)
  }
  throw new Error(otherwise)
}
