/** `null` for what is no URL. `URL.parse` of the platform is younger than the browsers that pages meet. */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base)
  } catch {
    return null
  }
}
