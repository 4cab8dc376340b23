import { request as ask, createServer, type IncomingMessage } from 'node:http'

export interface Balancer {
  /** What came in, and what another process had to take over. */
  readonly counts: { requests: number; moved: number }
  close(): void
}

const RETRYABLE = /^(GET|HEAD)$/

/**
 * Round robin over `targets`, as a load balancer does it: to the next one where nobody listens, and for requests
 * that change nothing also where the connection broke or the process said 503 (nginx: `proxy_next_upstream`).
 */
export async function startBalancer(port: number, targets: readonly string[]): Promise<Balancer> {
  const counts = { requests: 0, moved: 0 }
  const server = createServer(async (incoming, outgoing) => {
    const first = counts.requests++
    const body = await whole(incoming)
    for (let tries = 0; tries < targets.length; tries++) {
      const isLast = tries === targets.length - 1
      const target = targets[(first + tries) % targets.length] ?? ''
      const result = await pass(target, incoming, body)
      const mayRepeat = RETRYABLE.test(incoming.method ?? '') || result === 'ECONNREFUSED'
      const isAnswer = typeof result !== 'string'
      if (!isLast && mayRepeat && (!isAnswer || result.answer.statusCode === 503)) {
        counts.moved++
        continue
      }
      if (isAnswer)
        outgoing.writeHead(result.answer.statusCode ?? 502, result.answer.rawHeaders).end(result.body)
      else outgoing.writeHead(502).end()
      return
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    counts,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The answer of a target, or the code of what went wrong. */
function pass(
  target: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ readonly answer: IncomingMessage; readonly body: Buffer } | string> {
  return new Promise((resolve) => {
    const outward = ask(new URL(url ?? '/', target), { method, headers, agent: false })
    outward.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'broken'))
    outward.once('response', (answer) =>
      whole(answer).then(
        (text) => resolve({ answer, body: text }),
        () => resolve('broken'),
      ),
    )
    outward.end(body)
  })
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}
