import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunPage, runPage } from './runPage.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Writes the page of a run, and says where. No run changes what is committed by itself: the page goes beside what may
 * be deleted at any time. With `isPublished` it goes to `docs/runs`, for the site.
 */
export function keepRun(name: string, page: Omit<RunPage, 'date'>, isPublished: boolean): void {
  const folder = `${root}${isPublished ? 'docs/runs' : 'node_modules/.cache/runs'}`
  mkdirSync(folder, { recursive: true })
  const file = `${folder}/${name}.html`
  writeFileSync(file, runPage({ ...page, date: new Date().toISOString().slice(0, 10) }))
  console.error(`To look at: ${relative(process.cwd(), file)}`)
}
