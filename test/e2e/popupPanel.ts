import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPage } from '../../examples/buildPage.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { serveFiles } from '../../examples/embed/serveFiles.ts'

/** The page of `popup`, whose windows a provider cuts off that allows no other origin. */
export async function startPopupPanel() {
  const url = `http://localhost:${await freePort(0)}`
  const provider = await startPageProvider({
    redirectUri: `${url}/callback`,
    postLogoutRedirectUri: `${url}/`,
    openerPolicy: 'same-origin',
  })
  const folder = await mkdtemp(join(tmpdir(), 'popup-'))
  await buildPage(fileURLToPath(new URL('popup', import.meta.url)), folder, {
    define: { 'import.meta.env.VITE_ISSUER': JSON.stringify(provider.issuer) },
  })
  const html = await readFile(join(folder, 'index.html'))
  /** What the page says of its windows. */
  let openerPolicy = ''
  const stop = await serveFiles(folder, url, async () => {
    const headers = { 'content-type': 'text/html', 'cross-origin-opener-policy': openerPolicy }
    return new Response(new Uint8Array(html), { headers })
  })
  return {
    url,
    provider,
    setOpenerPolicy(policy: string) {
      openerPolicy = policy
    },
    async close() {
      await stop()
      await provider.close()
      await rm(folder, { recursive: true })
    },
  }
}
