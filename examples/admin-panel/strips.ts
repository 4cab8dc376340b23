import type { Browser } from 'playwright-core'
import { openStudio, type Studio } from './studio.ts'

/** Takes a picture of these parts of the page, as they are now, under these words. */
type Take = (words: string, ...parts: readonly string[]) => Promise<void>

const NOW = ['.chart', '.figures', '.result']
const PAST = '.past .card'

/** Stories in a few pictures, by the name of their file: each is played once, by the panel itself. */
const strips: Readonly<Record<string, (studio: Studio, take: Take) => Promise<void>>> = {
  'fifty-calls': async ({ press, shows }, take) => {
    await press('End the bearer')
    await shows('Every bearer ends now')
    await take('1. The bearer has just ended. Nobody here knows it yet.', ...NOW)
    await press(/Fire 50/)
    await shows(/50 × 200/)
    await take('2. Fifty calls at once meet the ended bearer: one refresh, and all are served.', ...NOW)
    await take('3. What happened, as the panel tells it.', PAST)
  },
  restart: async ({ page, press, shows }, take) => {
    await press('Restart the backend')
    await shows('The backend restarts…')
    await press(/Fire 50/)
    await shows(/50 × 502/)
    await take('1. The backend restarts, and fifty calls are sent: its gateway answers 502.', ...NOW)
    await page.getByRole('button', { name: 'Restart the backend' }).waitFor()
    await press(/Fire 50/)
    await shows(/50 × 200/)
    await take('2. It is back, and fifty calls are served. Nobody was logged out.', ...NOW)
    await take('3. What happened, as the panel tells it.', PAST)
  },
}

/** Plays every strip that is wanted, and pastes its pictures side by side. */
export async function takeStrips(browser: Browser, folder: string, wanted: (name: string) => boolean) {
  for (const [story, play] of Object.entries(strips)) {
    const name = `strip-${story}`
    if (!wanted(name)) continue
    const studio = await openStudio(browser, { width: 390, height: 844, scale: 2 })
    const frames: { readonly words: string; readonly pictures: readonly string[] }[] = []
    try {
      await studio.login()
      await play(studio, async (words, ...parts) => {
        const pictures: string[] = []
        for (const part of parts) {
          const found = studio.page.locator(part)
          if (await found.isVisible()) pictures.push((await found.screenshot()).toString('base64'))
        }
        frames.push({ words, pictures })
      })
    } finally {
      await studio.close()
    }
    await paste(browser, `${folder}${name}.png`, frames)
    console.log(`docs/screenshots/${name}.png`)
  }
}

interface Frame {
  readonly words: string
  readonly pictures: readonly string[]
}

async function paste(browser: Browser, path: string, frames: readonly Frame[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1140, height: 600 } })
  try {
    const columns = frames.map(
      ({ words, pictures }) =>
        `<div><p>${words}</p>${pictures.map((png) => `<img src="data:image/png;base64,${png}">`).join('')}</div>`,
    )
    await page.setContent(
      `<style>body { margin: 0; display: flex; gap: 18px; padding: 14px; background: #f3f5f9; color: #152033;
        font: 600 17px/1.35 system-ui, sans-serif } div { flex: 1 } p { min-height: 3.9em; margin: 0 0 6px }
        img { display: block; width: 100%; margin-bottom: 8px }</style>${columns.join('')}`,
    )
    await page.screenshot({ path, fullPage: true })
  } finally {
    await page.close()
  }
}
