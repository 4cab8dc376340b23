import { createServer } from 'node:http'
import { extname } from 'node:path'
import { toNodeListener } from 'xstate-session/node'
import type { RequestInfo } from 'xstate-session/server'
import { filesOf } from '../filesOf.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
}

/** Serves what `folder` holds, and `otherwise` for any other path. Answers a function that stops it. */
export async function serveFiles(
  folder: string,
  publicUrl: string,
  otherwise: (request: Request, info: RequestInfo) => Promise<Response>,
): Promise<() => Promise<void>> {
  const files = await filesOf(folder)
  const { origin, port, hostname } = new URL(publicUrl)
  const http = createServer(
    toNodeListener(
      async (request, info) => {
        const { pathname } = new URL(request.url)
        const file = files.get(pathname)
        if (!file) return otherwise(request, info)
        const type = TYPES[extname(pathname)] ?? 'application/octet-stream'
        return new Response(file, { headers: { 'content-type': type } })
      },
      { origin },
    ),
  )
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(Number(port), hostname, resolve)
  })
  return async () => {
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
}
