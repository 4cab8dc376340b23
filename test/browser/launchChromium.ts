import { type Browser, chromium } from 'playwright-core'

export interface ChromiumOptions {
  /**
   * As people have it, with its windows, its popup blocker and its back-forward cache.
   * Default: its shell, which has the same engine, and opens a page at a quarter of the cost.
   */
  readonly isWhole?: boolean
  readonly args?: readonly string[]
}

/** Debian's Chromium: the only one that tests start. */
export const launchChromium = ({ isWhole = false, args = [] }: ChromiumOptions = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: `/usr/bin/${isWhole ? 'chromium' : 'chromium-headless-shell'}`,
    args: ['--no-sandbox', ...args],
    ignoreDefaultArgs: isWhole ? ['--disable-back-forward-cache', '--disable-popup-blocking'] : [],
  })
