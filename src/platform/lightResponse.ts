import type { NodeBody } from './nodeBody.ts'

/** An answer on its way to a listener of ours, for which a whole `Response` is not worth its cost. */
export class LightResponse {
  readonly status: number
  readonly headers: LightHeaders
  readonly body: NodeBody | null
  constructor(status: number, headers: Record<string, string>, body: NodeBody | null) {
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
