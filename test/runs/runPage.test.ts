import { expect, test } from 'vitest'
import { runPage } from './runPage.ts'

const page = runPage({
  title: 'A run: <b>',
  about: 'About it.',
  command: 'npm run it',
  date: '2026-01-02',
  facts: { calls: 12_345, 'a "fact"': 'one' },
  sections: [
    {
      title: 'Bars',
      figures: [
        {
          kind: 'bars',
          goal: 2,
          bars: [
            { label: 'ours', value: 1, from: 0.5, to: 2, text: '1x', tone: 'ours' },
            { label: 'peer', value: 4, text: '4x' },
          ],
        },
        { kind: 'bars', bars: [{ label: 'less than nothing', value: -1, text: '-1 %' }] },
      ],
    },
    {
      title: 'Lanes',
      figures: [
        {
          kind: 'lanes',
          seconds: 60,
          lanes: [
            { label: 'faults', spans: [{ from: 15, to: 45, text: 'stop', tone: 'bad' }] },
            { label: 'calls', columns: [0, 5, 10] },
          ],
        },
      ],
    },
    {
      title: 'Table',
      figures: [{ kind: 'table', head: ['room'], rows: [[{ text: 'well', tone: 'good' }], [1_000]] }],
    },
  ],
})

test('it asks nobody for anything: no address of another file, no script', () => {
  expect(page).not.toMatch(/<script|<link|<img|https?:|url\(|@import/)
})

test('words are words, whatever is in them', () => {
  expect(page).toContain('<h1>A run: &lt;b&gt;</h1>')
  expect(page).toContain('<dt>a &quot;fact&quot;</dt>')
})

test('bars stand where their values are, with spread and goal', () => {
  const [ours = '', peer = '', negative = ''] = page.match(/<li><span>(ours|peer|less).*?<\/li>/g) ?? []
  expect(ours).toContain('x="0%" width="25%"')
  expect(ours).toContain('class="spread" x1="12.5%" x2="50%"')
  expect(ours).toContain('class="goal" x1="50%"')
  expect(peer).toContain('x="0%" width="100%"')
  expect(negative).toContain('x="0%" width="100%"')
})

test('lanes have one time', () => {
  expect(page).toContain('class="bad" x="25%" width="50%"')
  expect(page).toContain('y="50%" height="50%"><title>5</title>')
  expect(page).toContain(
    '<span>0 s</span><span>15 s</span><span>30 s</span><span>45 s</span><span>60 s</span>',
  )
})

test('it has a side for the dark', () => {
  expect(page).toContain('@media (prefers-color-scheme: dark)')
})
