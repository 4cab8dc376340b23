import { withoutBlanks } from '../base/blanks.ts'

/** The type of a body in lower case, without parameters; empty if there is none. */
export function mediaTypeOf(headers: Headers): string {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return withoutBlanks(type).toLowerCase()
}

/** Whether the body is JSON in UTF-8, by its `Content-Type`. */
export function isJson(headers: Headers): boolean {
  const type = String(headers.get('content-type'))
  return (
    /^[ \t]*application\/([\w.-]+\+)?json[ \t]*(;|$)/i.test(type) &&
    !/;[ \t]*charset[ \t]*=(?![ \t]*"?utf-8"?[ \t]*(;|$))/i.test(type)
  )
}
