import { Misconfigured } from '../base/errors.ts'

/** The meaning of Redis's errors that an operator can correct. */
const causes: Readonly<Record<string, string>> = {
  OOM: 'it is full. Raise `maxmemory`; do not evict, that loses sessions',
  READONLY: 'it is a replica. Connect to the primary',
  MISCONF: 'it cannot save to its disk',
  LOADING: 'it is still loading its data',
  MASTERDOWN: 'its link to the primary is down',
  NOREPLICAS: 'it has too few replicas for a write',
  CLUSTERDOWN: 'its cluster is down',
  CROSSSLOT: 'the keys are on different nodes of its cluster',
  MOVED: 'the key is on another node of its cluster. Use a cluster client',
  BUSY: 'another script keeps it busy',
  NOSCRIPT: 'it does not know the script',
  WRONGTYPE: 'something else is stored under this key. Use another `prefix`',
}
const denials: Readonly<Record<string, string>> = {
  NOAUTH: 'it wants a password',
  WRONGPASS: 'it does not accept the name or the password',
  NOPERM: 'its access list does not allow this user the command or the key',
}
const codes = new RegExp(`\\b(${[...Object.keys(causes), ...Object.keys(denials)].join('|')})\\b`)

/**
 * Replaces the error of a client, because that holds the command with everything that was sent. `redisCode` is the
 * first word of Redis's answer; absent if Redis did not answer, or the word is unknown.
 */
export function redisFailure(error: unknown): Error & { readonly redisCode?: string } {
  const message = error instanceof Error ? error.message : ''
  const redisCode = codes.exec(message)?.[1]
  if (!redisCode) {
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'Error'
    return new Error(`Redis could not be reached, or failed (${name}).`)
  }
  const denial = denials[redisCode]
  const told = denial
    ? new Misconfigured(`Redis refused a command: ${denial} (${redisCode}).`)
    : new Error(`Redis refused a command: ${causes[redisCode]} (${redisCode}).`)
  return Object.assign(told, { redisCode })
}
