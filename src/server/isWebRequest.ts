import type { SessionRequest } from './sessionRequest.ts'

/** Whether a value has headers as a web-standard `Request` has them. One of Express or Koa has not. */
export const isWebRequest = (value: unknown): value is SessionRequest =>
  typeof (value as Partial<Request> | undefined)?.headers?.get === 'function'
