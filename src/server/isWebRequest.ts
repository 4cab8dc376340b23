/** Whether a value has the shape of a web-standard `Request`. One of Express or Koa has not. */
export const isWebRequest = (value: unknown): value is Request =>
  typeof (value as Partial<Request> | undefined)?.headers?.get === 'function'
