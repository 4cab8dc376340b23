import { type Finding, findingsOf } from '../../base/finding.ts'
import { callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'

/** Whether LibreChat answers at `baseUrl`: it reports whether it has OpenID. */
export async function checkBackend(line: LibrechatLine, name: string): Promise<readonly Finding[]> {
  const { ok, wrong } = findingsOf('provider')
  const result = await callBackend(line, { path: 'api/admin/oauth/openid/check', method: 'GET' })
  const { status } = result.kind === 'answer' ? result.answer : { status: undefined }
  const said = result.kind === 'answer' ? result.json : undefined
  if (status === 200 && said?.message === 'OpenID check successful')
    return [ok(`The login "${name}" finds LibreChat at ${line.baseUrl}, with OpenID.`)]
  if (status === 404 && said?.error_code === 'OPENID_NOT_CONFIGURED')
    return [ok(`The login "${name}" finds LibreChat at ${line.baseUrl}, without OpenID.`)]
  return [
    wrong(
      `The login "${name}": at \`baseUrl\`, which is ${line.baseUrl}, ${status === undefined ? 'no answer comes that can be read' : `comes ${status}`} where LibreChat says whether it has OpenID. Is it LibreChat's address as this machine reaches it, without \`/api\`?`,
    ),
  ]
}
