import { mediaTypeOf } from '../wire/mediaType.ts'

/** The JSON object in the body of a request to this server; `undefined` for anything else. */
export async function readJson(request: Request): Promise<Record<string, unknown> | undefined> {
  if (mediaTypeOf(request.headers) !== 'application/json') return undefined
  try {
    // Limited in size: the server has read the body before it called the endpoint.
    const value: unknown = await request.json()
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
