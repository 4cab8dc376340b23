import type { NodeBody } from './nodeBody.ts'

/** The body of such an answer. */
export interface LightBody extends NodeBody {
  /** Nobody is going to read it. */
  cancel(): Promise<void>
}

/** An answer on its way to a listener of ours, for which a whole `Response` is not worth its cost. */
export class LightResponse {
  readonly status: number
  readonly headers: LightHeaders
  readonly body: LightBody | null
  constructor(status: number, headers: Record<string, string>, body: LightBody | null) {
    this.status = status
    this.headers = new LightHeaders(headers)
    this.body = body
  }
}

/** As much of `Headers` as a server does to an answer that is made. */
class LightHeaders {
  readonly fields: Record<string, string | string[]>
  constructor(fields: Record<string, string>) {
    this.fields = fields
  }
  set(name: string, value: string): void {
    this.fields[name] = value
  }
  /** Each `set-cookie` is a field of its own, and nothing else is appended. */
  append(name: string, value: string): void {
    this.fields[name] = [...[this.fields[name] ?? []].flat(), value]
  }
}
