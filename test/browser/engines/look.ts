import { expect } from 'vitest'
import type { EnginePage } from './engine.ts'

/** What is to be read on a page; nothing while it is being replaced by another. */
export const text = (page: EnginePage): Promise<string> =>
  page.evaluate(() => document.body?.innerText ?? '').catch(() => '')

/** Waits until a page has these words. */
export const shows = (page: EnginePage, words: string | RegExp) =>
  expect.poll(() => text(page), { timeout: 30_000 }).toMatch(words)

/** Clicks a button or a link of the page by its words. */
export const clickOn = (page: EnginePage, words: string) =>
  page.evaluate((wanted) => {
    const all = [...document.querySelectorAll<HTMLElement>('button, a')]
    const found = all.find(({ textContent }) => textContent?.trim() === wanted)
    if (!found) throw new Error(`There is no button and no link "${wanted}".`)
    // The page may be another one before this has its answer.
    setTimeout(() => found.click())
  }, words)

/** Types into the field of this type, key by key. */
export async function typeInto(page: EnginePage, type: string, words: string) {
  await page.evaluate((wanted) => {
    const field = document.querySelector<HTMLInputElement>(`input[type=${wanted}]`)
    if (!field) throw new Error(`There is no field for ${wanted}.`)
    field.focus()
    field.select()
  }, type)
  for (const key of words) await page.press(key)
}
