import { once } from 'node:events'
import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'

export const API = '/api/admin/things'

interface Panel {
  readonly port: number
  readonly cookie: string
  readonly csrf: string
}

/** A call of the panel's page, on a socket of which nothing is interpreted. */
export function sending(
  { port, cookie, csrf }: Panel,
  method: string,
  headers: OutgoingHttpHeaders = {},
  more: { readonly agent?: Agent; readonly path?: string } = {},
) {
  const sent = request({
    port,
    host: '127.0.0.1',
    method,
    path: API,
    headers: { cookie, 'x-csrf': csrf, ...headers },
    ...more,
  })
  sent.on('error', () => {})
  return sent
}

export async function headOf(sent: ReturnType<typeof sending>): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

/** The whole answer, as it came. */
export async function answerTo(sent: ReturnType<typeof sending>) {
  const answer = await headOf(sent)
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part as Buffer)
  const { statusCode: status, headers, trailers } = answer
  return { status, headers, trailers, body: Buffer.concat(parts) }
}

export async function call(panel: Panel, method = 'GET', headers: OutgoingHttpHeaders = {}) {
  return answerTo(sending(panel, method, headers).end())
}

/** All that a message brings. */
export async function bytesOf(message: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
