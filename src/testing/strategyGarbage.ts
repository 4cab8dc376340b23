import type { Script } from './scriptedBackend.ts'
import { BROUGHT, SENT } from './strategySubject.ts'

export const answer = (
  status: number,
  body: string | Uint8Array | null,
  type = 'application/json',
  more = {},
) =>
  new Response(body as BodyInit | null, {
    status,
    headers: { ...(type && { 'content-type': type }), ...more },
  })

const QUOTING = JSON.stringify({
  error: SENT,
  error_code: SENT,
  error_description: `${SENT} ${BROUGHT.refreshToken}`,
  message: BROUGHT.bearer,
  [SENT]: [SENT],
})
export const STATUSES = [
  201, 202, 203, 206, 400, 401, 402, 403, 404, 405, 408, 409, 410, 415, 418, 421, 422, 425, 429,
]
export const FAILURES = [500, 501, 502, 503, 504, 507, 511, 520, 599]

/** Broken answers, by a description. */
export const garbage: Readonly<Record<string, Script>> = {
  'no content': () => answer(204, null, ''),
  'an empty body': () => answer(200, ''),
  'a page': () => answer(200, '<!doctype html><title>Sign in</title>', 'text/html'),
  'a page that says it is JSON': () => answer(200, '<!doctype html><title>Sign in</title>'),
  'half of JSON': () => answer(200, '{"token":"'),
  'JSON that quotes the token before it breaks': () => answer(200, `{"${SENT}":`),
  'bytes that are no text': () => answer(200, new Uint8Array([0x7b, 0xff, 0xfe, 0x00, 0x7d])),
  'a body without end, nearly': () => answer(200, `{"a":"${'x'.repeat(1_000_000)}"}`),
  'a header that quotes the token': () =>
    answer(503, '{}', 'application/json', { 'retry-after': SENT, date: SENT, 'www-authenticate': SENT }),
  ...Object.fromEntries(
    ['null', 'true', '0', '"text"', '[]', '{}', '[{}]', '{"__proto__":{}}', QUOTING].map((body) => [
      `200 and ${body.slice(0, 20)}`,
      () => answer(200, body),
    ]),
  ),
  ...Object.fromEntries(
    [...STATUSES, ...FAILURES].flatMap((status) => [
      [`${status} and a page`, () => answer(status, `<html>${SENT}</html>`, 'text/html')],
      [`${status} and JSON`, () => answer(status, QUOTING)],
    ]),
  ),
}
