import { startChromium } from './chromium.ts'
import type { Engine, Scheme } from './engine.ts'
import { startFirefox } from './firefox.ts'
import { startWebkit } from './webkit.ts'

/** `screen`: how large it must be at least, where the engine has one. */
type Start = (scheme?: Scheme, screen?: string) => Promise<Engine>

/** Every engine that a page has to work in, by the name of its test. */
export const engines: readonly (readonly [name: string, start: Start])[] = [
  ['Chromium', startChromium],
  ['Firefox', startFirefox],
  ['WebKit', startWebkit],
]
