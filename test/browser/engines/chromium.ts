import type { Page } from 'playwright-core'
import { launchChromium } from '../launchChromium.ts'
import type { Engine, EnginePage, Scheme } from './engine.ts'

/** Debian's Chromium, by Playwright. */
export async function startChromium(colorScheme: Scheme = 'light'): Promise<Engine> {
  const browser = await launchChromium({ isWhole: true })
  return {
    async open() {
      const context = await browser.newContext({ colorScheme })
      return {
        page: async () => pageOf(await context.newPage()),
        windows: async () => context.pages().length,
        close: () => context.close(),
      }
    },
    close: () => browser.close(),
  }
}

const pageOf = (page: Page): EnginePage => ({
  goto: async (url) => void (await page.goto(url)),
  // A page out of the cache loads nothing.
  back: async () => void (await page.goBack({ waitUntil: 'commit' })),
  evaluate: (work, given) => page.evaluate(work as never, given) as never,
  press: (key) => page.keyboard.press(key),
  click: (x, y) => page.mouse.click(x, y),
  async wheel(x, y) {
    await page.mouse.move(x, y)
    await page.mouse.wheel(0, 50)
  },
  resize: (width, height) => page.setViewportSize({ width, height }),
  screenshot: () => page.screenshot(),
  front: () => page.bringToFront(),
  close: () => page.close(),
})
