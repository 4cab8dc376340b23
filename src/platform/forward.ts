import type { Forward } from '../server/forwarding.ts'

/** The sender of the proxy's calls. Absent: `fetch`. */
export const forward: Forward | undefined = undefined
