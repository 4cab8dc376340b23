import { readFile } from 'node:fs/promises'

/** What a page tells its reader to put into an application. */
export interface PageFile {
  readonly path: string
  readonly text: string
}

/**
 * The files of a page: each block of code with its path in front of it, alone on a line (`` `app/page.tsx` ``). As they
 * stand, for whoever follows the page has nothing else.
 */
export async function filesOf(page: string): Promise<readonly PageFile[]> {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^`([^`\n]+)`\n\n```\w+\n(.*?)^```$/gms)].map(([, path = '', code = '']) => ({
    path,
    text: code,
  }))
}
