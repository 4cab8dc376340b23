import { isWebRequest } from './isWebRequest.ts'
import { LightRequest } from './lightRequest.ts'

/** Gives requests the path of `publicUrl` back, which something in front has removed. */
export function restorePath({ pathname: base }: URL) {
  return (request: Request): Request => {
    // The server answers what is no request, and what cannot be read.
    if (!isWebRequest(request) || request.bodyUsed || request.body?.locked || !URL.canParse(request.url))
      return request
    const url = new URL(request.url)
    url.pathname = `${base}${url.pathname.slice(1)}`
    return (request as unknown) instanceof LightRequest
      ? ((request as unknown as LightRequest).at(url.href) as unknown as Request)
      : new Request(url, request)
  }
}
