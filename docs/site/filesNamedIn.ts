import { existsSync, statSync } from 'node:fs'
import { root } from './siteMap.ts'

/** Whether a word of a page is the path of a file of the repository that is no page itself. */
export const isFile = (word: string) =>
  /^[\w.-]+\/[\w./-]*\.(?!md$)\w+$/.test(word) && existsSync(root + word) && statSync(root + word).isFile()

/** The files of the repository that a page names, as code, from the root: a package has none of them to link to. */
export const filesNamedIn = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word).filter(isFile)
