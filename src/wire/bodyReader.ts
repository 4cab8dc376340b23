/** A source that delivers a body piece by piece. */
export interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/**
 * Reads the body of an answer, also of another `fetch` than the platform's: its body may be a stream of Node
 * (node-fetch), or there may be only `text()` (React Native). `undefined`: there is no body.
 */
export function bodyReader(response: Response): BodyReader | undefined {
  const body = response.body as Partial<
    ReadableStream<Uint8Array> & AsyncIterable<Uint8Array | string>
  > | null
  if (typeof body?.getReader === 'function') return body.getReader() as BodyReader
  const iterate = body?.[Symbol.asyncIterator]
  if (iterate) return iteratorReader(iterate.call(body))
  // The platform's own answer: there is no body.
  if (body === null && response instanceof globalThis.Response) return undefined
  return iteratorReader(whole(response))
}

async function* whole(response: Response): AsyncGenerator<string> {
  yield await response.text()
}

function iteratorReader(pieces: AsyncIterator<Uint8Array | string>): BodyReader {
  return {
    async read() {
      const { done, value } = await pieces.next()
      if (done) return { done: true }
      return { done: false, value: typeof value === 'string' ? new TextEncoder().encode(value) : value }
    },
    async cancel() {
      await pieces.return?.()
    },
  }
}
