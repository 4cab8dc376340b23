// @vitest-environment jsdom
import { Activity } from 'react'
import { describe, expect, test } from 'vitest'
import { SECOND } from '../session/fixture.ts'
import { panel } from './ownedPanel.tsx'
import { modes, open, settle } from './page.tsx'

describe.each(modes)('U82: a session that its provider has made, %s', (_, wrap) => {
  test('is another one where <Activity> shows the provider again, and that asks who is there', async () => {
    const { clock, api, living, tree } = panel()
    const shown = (mode: 'visible' | 'hidden') => wrap(<Activity mode={mode}>{tree()}</Activity>)
    const page = await open(shown('visible'))
    await page.render(shown('hidden'))
    await settle(() => clock.advance(60 * SECOND))
    expect([living(), api.calls.length]).toEqual([0, 0])
    await page.render(shown('visible'))
    await settle(() => {})
    expect([living(), page.text()]).toEqual([1, 'nobody'])
    expect(api.calls.length).toBeGreaterThan(0)
    expect(page.complaints).toEqual([])
  })
})
