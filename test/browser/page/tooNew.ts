/** Members of the platform that are younger than the browsers of our pages, and one that is asked for. */
export const tooNew = (headers: Headers, list: number[]) => [
  URL.parse('/'),
  list.toSorted(),
  Promise.withResolvers(),
  headers.getSetCookie?.(),
]
