/** Whether a request loads a whole window, if the browser says so. Old browsers send no `Sec-Fetch-Dest` and pass. */
export const isWindow = ({ headers }: Request): boolean =>
  (headers.get('sec-fetch-dest') ?? 'document') === 'document'
