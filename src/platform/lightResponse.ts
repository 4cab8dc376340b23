import type { NodeBody } from './nodeBody.ts'

/** The body of such an answer. */
export interface LightBody extends NodeBody {
  /** Nobody will read it. */
  cancel(): Promise<void>
}

/** An answer for a listener of ours, which does not need a whole `Response`. */
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

/** The part of `Headers` that a server uses on its answers. */
class LightHeaders {
  readonly fields: Record<string, string | string[]>
  constructor(fields: Record<string, string>) {
    this.fields = fields
  }
  set(name: string, value: string): void {
    this.fields[name] = value
  }
  /** Each `set-cookie` is a field of its own; nothing else is appended. */
  append(name: string, value: string): void {
    this.fields[name] = [...[this.fields[name] ?? []].flat(), value]
  }
}
