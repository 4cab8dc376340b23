import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundlePage } from '../bundlePage.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Pages on loopback. `scripts`: by the path of their page, a file under `test`; `routes`: what else there is. */
export async function startSite(
  scripts: Readonly<Record<string, string>>,
  routes: Readonly<Record<string, string | Handler>> = {},
) {
  const all = new Map<string, [type: string, body: string | Handler]>(
    Object.entries(routes).map(([path, body]) => [path, ['text/html', body]]),
  )
  for (const [path, file] of Object.entries(scripts)) {
    all.set(`${path}.js`, ['text/javascript', await bundlePage(file)])
    all.set(path, [
      'text/html',
      `<!doctype html><title>${path}</title><body></body><script type="module" src="${path}.js"></script>`,
    ])
  }
  const http = createServer((request, response) => {
    const [type, body] = all.get(new URL(request.url ?? '/', 'http://localhost').pathname) ?? []
    if (typeof body === 'function') return body(request, response)
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' })
    response.end(body)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(http.address() as AddressInfo).port}`,
    close() {
      http.closeAllConnections()
      http.close()
    },
  }
}
