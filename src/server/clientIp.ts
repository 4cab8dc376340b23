import { withoutBlanks } from '../base/blanks.ts'
import { Misconfigured } from '../base/errors.ts'
import { readsLightly } from './lightRequest.ts'
import type { RequestInfo } from './options.ts'

/**
 * Reads the client's address behind `trustedHops` proxies of yours, for `forwardClientIp`. Each proxy appends the
 * address that it saw to `X-Forwarded-For`. An address that a client wrote itself is further left and is ignored.
 * `undefined` if the request passed fewer proxies, or if the value is no address.
 * @param trustedHops How many proxies stand before this server; 0: the connection comes from the client.
 *
 * @example
 * const server = createSessionServer({ ...serverOptions, forwardClientIp: clientIp(1) })
 */
export function clientIp(trustedHops: number): (request: Request, info: RequestInfo) => string | undefined {
  if (!Number.isSafeInteger(trustedHops) || trustedHops < 0)
    throw new Misconfigured('Argument "trustedHops" must be a whole number, 0 or more.')
  return readsLightly((request: Request, { remoteAddress = '' }: RequestInfo) => {
    const forwarded = request.headers.get('x-forwarded-for')?.split(',') ?? []
    const address = [...forwarded, remoteAddress].at(-1 - trustedHops)
    return address === undefined ? undefined : readAddress(withoutBlanks(address))
  })
}

const V4 = /^(?:::ffff:)?((?:\d{1,3}\.){3}\d{1,3})(?::\d+)?$/i
const V6 = /^(?:\[([\da-f:.]+)\](?::\d+)?|([\da-f]*:[\da-f:.]*))$/i

/** Without the port that some proxies append, and without the brackets around the address. */
function readAddress(text: string): string | undefined {
  const v4 = V4.exec(text)?.[1]
  if (v4) return v4.split('.').every((part) => Number(part) < 256) ? v4 : undefined
  const v6 = V6.exec(text)
  const address = v6?.[1] ?? v6?.[2]
  // Neither form is no address either.
  return URL.canParse(`http://[${address}]/`) ? address : undefined
}
