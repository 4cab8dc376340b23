/** Whether an answer names `error` as the missing requirement (RFC 6750 section 3, RFC 9470 section 3). */
export const asksFor = ({ headers }: Response, error: string): boolean =>
  new RegExp(`error[ \\t]*=[ \\t]*"?${error}`, 'i').test(String(headers.get('www-authenticate')))
