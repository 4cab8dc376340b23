/** Whether a request fills a window of the browser, as far as it says: browsers that send no `Sec-Fetch-Dest` are old. */
export const isWindow = ({ headers }: Request): boolean =>
  (headers.get('sec-fetch-dest') ?? 'document') === 'document'
