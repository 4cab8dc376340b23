import { startChromium } from './chromium.ts'
import type { Engine, Scheme } from './engine.ts'
import { startFirefox } from './firefox.ts'
import { startWebkit } from './webkit.ts'

/** Every engine that a page has to work in, by the name of its test. */
export const engines: readonly (readonly [name: string, start: (scheme?: Scheme) => Promise<Engine>])[] = [
  ['Chromium', startChromium],
  ['Firefox', startFirefox],
  ['WebKit', startWebkit],
]
