import { basename, dirname } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { bundlePage } from '../browser/bundlePage.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { onPort } from '../server/onPort.ts'
import { sampleFile } from './samples.ts'

test('the lines of README log a user in at a provider, and bring them back to where they were, also after a reload', async () => {
  let script = ''
  const { url } = await onPort(async (request, response) => {
    if (request.url === '/page.js') return response.setHeader('content-type', 'text/javascript').end(script)
    if (request.url === '/orders')
      return response.end(
        await provider.subjectOf(`${request.headers.authorization?.slice('Bearer '.length)}`),
      )
    return response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>panel</title><script type="module" src="/page.js"></script>')
  })
  const provider = await startPageProvider({
    redirectUri: `${url}/callback`,
    postLogoutRedirectUri: `${url}/`,
    isSilent: true,
  })
  onTestFinished(() => provider.close())
  const sample = await sampleFile(
    'README.md',
    'createLogins, oauthProvider',
    { 'https://id.example.com/realms/staff': provider.issuer, 'https://api.example.com': url },
    ['session'],
  )
  script = await bundlePage(`docs/${basename(dirname(sample))}/${basename(sample)}`)
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()

  await page.goto(`${url}/panel?page=2`)
  await page.getByRole('link', { name: 'ada' }).click()
  await expect.poll(() => page.url()).toBe(`${url}/panel?page=2`)
  // As text: the test runner has an `import` of its own.
  const answer = await page.evaluate(
    `import('/page.js').then(({ session }) => session.fetch('/orders')).then((answer) => answer.text())`,
  )
  expect(answer).toBe('ada')
  const served = () => page.waitForResponse((response) => response.url() === `${url}/orders` && response.ok())
  // The provider still knows the user, and asks nothing.
  await Promise.all([served(), page.reload()])
  expect(page.url()).toBe(`${url}/panel?page=2`)
  expect(provider.counts.tokenRequests).toBe(2)
})
