import type { IncomingMessage, ServerResponse } from 'node:http'
import { webBody } from '../platform/nodeBody.ts'
import { LightRequest } from '../server/lightRequest.ts'
import { goneController } from './goneController.ts'
import { hasBody, toRequest } from './webMessages.ts'

/** A request of `node:http` without conversion, for a handler that needs no more of it. */
export class IncomingRequest extends LightRequest {
  readonly method: string
  readonly url: string
  readonly headers: LightRequest['headers']
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  #body: ReadableStream<Uint8Array> | null | undefined
  #signal: AbortSignal | undefined
  #whole: Request | undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, url: string) {
    super()
    this.method = incoming.method ?? 'GET'
    this.url = url
    const { headers } = incoming
    this.headers = {
      get: (name) => {
        const value = headers[name]
        return value === undefined ? null : String(value)
      },
      names: () => Object.keys(headers),
    }
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  get body(): ReadableStream<Uint8Array> | null {
    this.#body ??= hasBody(this.#incoming) ? webBody(this.#incoming) : null
    return this.#body
  }

  get signal(): AbortSignal {
    this.#signal ??= goneController(this.#outgoing).signal
    return this.#signal
  }

  at(url: string): IncomingRequest {
    return new IncomingRequest(this.#incoming, this.#outgoing, url)
  }

  whole(): Request {
    this.#whole ??= toRequest(this.#incoming, this.url, this.signal, this.body)
    return this.#whole
  }
}
