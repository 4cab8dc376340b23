/** A `fetch` that takes down the tokens which pass from the backend to the panel's server. */
export function watchTokens() {
  const issued = new Set<string>()
  const watched: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    const text = await answer
      .clone()
      .text()
      .catch(() => '')
    for (const [, token = ''] of text.matchAll(/"(?:token|refreshToken|id_token|idToken)":"([^"]+)"/g))
      issued.add(token)
    for (const line of answer.headers.getSetCookie())
      for (const [, token = ''] of line.matchAll(/^(?:refreshToken)=([^;]+)/g)) issued.add(token)
    return answer
  }
  return { issued: issued as ReadonlySet<string>, watched }
}
