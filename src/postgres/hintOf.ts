import { mac } from '#crypto'

const NO_SECRET = new Uint8Array(32)

/** The name of a key in notifications: a holder of the key recognises it, and nobody can derive the key. */
export const hintOf = async (key: string): Promise<string> => mac(NO_SECRET, key)
