/** A user as text, to be compared: also where a schema has made of it what JSON does not know. */
export const userText = (user: unknown): string =>
  JSON.stringify(user, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part instanceof Set || part instanceof Map ? [...part] : part,
  )
