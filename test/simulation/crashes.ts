/** The rule that everything breaks which nobody catches. */
export const CRASH = 'A crash of the code'

/** Tells of what is thrown or rejected, and caught by nobody, until it is called off. */
export function onCrash(crashed: (error: unknown) => void): () => void {
  process.on('uncaughtException', crashed)
  process.on('unhandledRejection', crashed)
  return () => {
    process.off('uncaughtException', crashed)
    process.off('unhandledRejection', crashed)
  }
}

/** What was thrown, and where in the code: the innermost frame that is ours. */
export function crashText(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${error}`
  const frame = / at (.*?\(?)\S*?\/((?:src|machines|test)\/.*)$/m.exec(error.stack ?? '')
  return `${error.name}: ${error.message}${frame ? `, at ${frame[1]}${frame[2]}` : ''}`
}
