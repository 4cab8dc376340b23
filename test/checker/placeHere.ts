/** Where the code that asks now will go on: its place in the sources, and those of all who await it. Read when needed. */
export function placeHere(frames = 30): () => string {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  const here = new Error()
  Error.stackTraceLimit = before
  return () =>
    [...String(here.stack).matchAll(/\/(?:src|machines)\/([\w/.]+:\d+:\d+)/g)]
      .map(([, place]) => place)
      .join(' ')
}
