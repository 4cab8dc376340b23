import type { SessionRequest } from './sessionRequest.ts'

/** Whether a value has headers like a web-standard `Request`. A request of Express or Koa has none. */
export const isWebRequest = (value: unknown): value is SessionRequest =>
  typeof (value as Partial<Request> | undefined)?.headers?.get === 'function'
