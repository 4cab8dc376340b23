import { type Finding, findingsOf } from '../base/finding.ts'
import type { Discovery } from './discovery.ts'
import type { Line } from './line.ts'

/** Whether the provider's metadata can be read, belong to the issuer, and name everything that a login needs. */
export async function checkDiscovery(
  discovery: Discovery,
  line: Line,
  name: string,
  { href }: URL,
): Promise<readonly Finding[]> {
  const { ok, wrong } = findingsOf('provider')
  const found = await discovery.discover(line)
  if (!found.provider) {
    const { problem } = found.outcome as { readonly problem?: string }
    return [
      wrong(
        problem ??
          `The login "${name}": the metadata of the provider at ${href} cannot be read. Check that it runs, that this machine can reach it, and that \`server\` is its issuer.`,
      ),
    ]
  }
  const missing = (['authorization_endpoint', 'token_endpoint'] as const).filter(
    (endpoint) => found.provider[endpoint] === undefined,
  )
  return [
    missing.length === 0
      ? ok(`The login "${name}" knows its provider: the issuer is ${href}, as the provider says.`)
      : wrong(
          `The login "${name}": the metadata of the provider at ${href} name no ${missing.join(' and no ')}. Is it an OpenID provider?`,
        ),
  ]
}
