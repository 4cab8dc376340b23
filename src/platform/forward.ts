import type { Forward } from '../server/forwarding.ts'

/** How calls of the proxy go on. Absent: by `fetch`. */
export const forward: Forward | undefined = undefined
