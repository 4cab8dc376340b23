/** Good, bad, and what is neither; `ours`: the package itself among its peers; `faint`: what others lie upon. */
export type Tone = 'ours' | 'good' | 'wait' | 'bad' | 'plain' | 'faint'

/** A value, with the range it was taken from. */
export interface Bar {
  readonly label: string
  readonly value: number
  /** The spread. */
  readonly from?: number
  readonly to?: number
  /** The value in words. */
  readonly text: string
  readonly tone?: Tone
}

/** From one moment to another; seconds. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly text: string
  readonly tone?: Tone
}

/** What lies beside each other in time. `columns`: a count for each of as many equal parts of the time. */
export type Lane =
  | { readonly label: string; readonly spans: readonly Span[] }
  | { readonly label: string; readonly columns: readonly number[]; readonly tone?: Tone }

export type Cell = string | number | { readonly text: string; readonly tone: Tone }

export type Figure =
  /** `goal`: a line that the bars should not cross. `isLog`: small ones are seen beside great ones. */
  | { readonly kind: 'bars'; readonly bars: readonly Bar[]; readonly goal?: number; readonly isLog?: boolean }
  | { readonly kind: 'lanes'; readonly seconds: number; readonly lanes: readonly Lane[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] }

export interface Section {
  readonly title: string
  /** What is to be seen. */
  readonly about?: string
  readonly figures: readonly Figure[]
}

export interface RunPage {
  readonly title: string
  /** What it is, in a sentence or two. */
  readonly about: string
  /** What makes it once more. */
  readonly command: string
  /** The day of the run. */
  readonly date: string
  readonly facts: Readonly<Record<string, string | number>>
  readonly sections: readonly Section[]
}

/** A page about a run: one file that needs no other, for any screen, in light and dark. */
export function runPage({ title, about, command, date, facts, sections }: RunPage): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${text(title)}</h1>
<p>${text(about)}</p>
<p class="quiet"><code>${text(command)}</code>, ${text(date)}, Node ${text(process.versions.node)}</p>
<dl>${Object.entries(facts)
    .map(([name, value]) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`)
    .join('')}</dl>
${sections.map(sectionOf).join('\n')}
</main>
</html>
`
}

const sectionOf = ({ title, about, figures }: Section) =>
  `<section><h2>${text(title)}</h2>${about === undefined ? '' : `<p>${text(about)}</p>`}${figures.map(figureOf).join('')}</section>`

function figureOf(figure: Figure): string {
  if (figure.kind === 'bars') return bars(figure)
  return figure.kind === 'lanes' ? lanes(figure) : table(figure)
}

/** A place between 0 and 100, for the attributes of an SVG that has no size of its own: its words are never scaled. */
const percent = (part: number) => `${Math.round(Math.min(100, Math.max(0, part * 100)) * 100) / 100}%`

function bars({ bars, goal, isLog = false }: Figure & { kind: 'bars' }): string {
  const ends = [...bars.flatMap(({ value, from, to }) => [value, from ?? value, to ?? value]), goal ?? 0]
  const least = Math.min(0, ...ends)
  const most = Math.max(...ends, least + Number.EPSILON)
  const place = (value: number) =>
    isLog ? Math.log1p(Math.max(0, value)) / Math.log1p(most) : (value - least) / (most - least)
  const zero = place(0)
  const rows = bars.map(({ label, value, from = value, to = value, text: words, tone = 'plain' }) => {
    const [left, right] = [Math.min(zero, place(value)), Math.max(zero, place(value))]
    const spread =
      from === to
        ? ''
        : `<line class="spread" x1="${percent(place(from))}" x2="${percent(place(to))}" y1="10" y2="10"/>`
    const limit =
      goal === undefined
        ? ''
        : `<line class="goal" x1="${percent(place(goal))}" x2="${percent(place(goal))}" y1="0" y2="20"/>`
    return `<li><span>${text(label)}</span><svg class="${tone}" aria-hidden="true"><rect x="${percent(left)}" width="${percent(Math.max(right - left, 0.002))}" y="3" height="14" rx="3"/>${spread}${limit}</svg><b>${text(words)}</b></li>`
  })
  return `<ul class="bars">${rows.join('')}</ul>`
}

function lanes({ seconds, lanes }: Figure & { kind: 'lanes' }): string {
  const rows = lanes.map((lane) => {
    const drawn = 'spans' in lane ? spansOf(lane.spans, seconds) : columnsOf(lane.columns, lane.tone)
    const most = 'spans' in lane ? '' : `<small>most ${text(Math.max(0, ...lane.columns))}</small>`
    const height = 'spans' in lane ? '' : ' class="high"'
    return `<li><span>${text(lane.label)} ${most}</span><svg${height} role="img" aria-label="${text(lane.label)}">${drawn}</svg></li>`
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<span>${Math.round(part * seconds)} s</span>`)
  return `<ul class="lanes">${rows.join('')}<li aria-hidden="true"><span></span><div class="ticks">${ticks.join('')}</div></li></ul>`
}

const spansOf = (spans: readonly Span[], seconds: number) =>
  spans
    .map(
      ({ from, to, text: words, tone = 'plain' }) =>
        `<rect class="${tone}" x="${percent(from / seconds)}" width="${percent(Math.max((Math.min(to, seconds) - from) / seconds, 0.004))}" y="2" height="16" rx="2"><title>${text(words)}</title></rect>`,
    )
    .join('')

function columnsOf(columns: readonly number[], tone: Tone = 'plain'): string {
  const most = Math.max(1, ...columns)
  return columns
    .map((count, i) =>
      count === 0
        ? ''
        : `<rect class="${tone}" x="${percent(i / columns.length)}" width="${percent(0.85 / columns.length)}" y="${percent(1 - count / most)}" height="${percent(count / most)}"><title>${count}</title></rect>`,
    )
    .join('')
}

function table({ head, rows }: Figure & { kind: 'table' }): string {
  const cell = (one: Cell) =>
    typeof one === 'object'
      ? `<td><span class="tag ${one.tone}">${text(one.text)}</span></td>`
      : `<td${typeof one === 'number' ? ' class="number"' : ''}>${text(one)}</td>`
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`)
  return `<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${head.map((one) => `<th>${text(one)}</th>`).join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

/** Words for HTML, and numbers with a gap after each thousand. */
function text(value: string | number): string {
  if (typeof value === 'number') return grouped.format(value).replaceAll(',', '\u202f')
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** The colours of the panel. */
const STYLE = `
:root { color-scheme: light; --ground: #f3f5f9; --card: #fff; --line: #dbe1ec; --ink: #152033; --quiet: #55617a;
  --ours: #2350d8; --good: #07633c; --wait: #8a5a00; --bad: #a01d16; --plain: #5f6b83 }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; --ground: #0e1320; --card: #171e2e; --line: #2b3549;
  --ink: #e9eef8; --quiet: #a3b0c9; --ours: #8fb0ff; --good: #57d69b; --wait: #f2bd5c; --bad: #ff8f87; --plain: #93a0ba } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 1.4rem 1.1rem 3rem }
h1 { margin: 0; font-size: 1.4rem; line-height: 1.25 }
h2 { margin: 0 0 .3rem; font-size: 1.1rem }
p { margin: .4rem 0 .8rem }
code { font: .88em ui-monospace, Menlo, monospace; overflow-wrap: anywhere }
small, .quiet { color: var(--quiet) }
small { font-size: .8rem; white-space: nowrap }
section { margin-top: 1.1rem; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: .9rem; background: var(--card) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 1rem 0 }
dl div { padding: .5rem .8rem; border: 1px solid var(--line); border-radius: .7rem; background: var(--card) }
dt { color: var(--quiet); font-size: .82rem; line-height: 1.3 }
dd { margin: 0; font-size: 1.2rem; font-weight: 650; font-variant-numeric: tabular-nums }
ul { margin: .4rem 0 .8rem; padding: 0; list-style: none }
svg { display: block; width: 100%; height: 20px; overflow: visible }
svg.high { height: 48px }
rect { fill: var(--plain) }
.ours rect, rect.ours { fill: var(--ours) }
.good rect, rect.good { fill: var(--good) }
.wait rect, rect.wait { fill: var(--wait) }
.bad rect, rect.bad { fill: var(--bad) }
rect.faint { fill: var(--line) }
.bars li { display: grid; grid-template-columns: minmax(9rem, 17rem) 1fr minmax(6rem, auto); align-items: center; gap: .1rem .8rem; padding: .15rem 0 }
.bars b { font-weight: 600; font-size: .9rem; text-align: right; font-variant-numeric: tabular-nums }
.bars rect { opacity: .8 }
.spread { stroke: var(--ink); stroke-width: 2 }
.goal { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 3 3 }
.lanes li { display: grid; grid-template-columns: 11rem 1fr; align-items: center; gap: 0 .8rem; padding: .2rem 0; border-bottom: 1px solid var(--line) }
.lanes li:last-child { border: 0 }
.ticks { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8rem }
.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: .92rem }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--quiet); font-size: .82rem }
.number { font-variant-numeric: tabular-nums }
.tag { color: var(--plain); font-weight: 600 }
.tag.ours { color: var(--ours) } .tag.good { color: var(--good) } .tag.wait { color: var(--wait) } .tag.bad { color: var(--bad) }
@media (max-width: 40rem) {
  section { padding-inline: .8rem }
  .bars li { grid-template-columns: 1fr auto; padding: .3rem 0 }
  .bars svg { grid-column: 1 / -1; grid-row: 2 }
  .lanes li { grid-template-columns: 1fr; padding: .3rem 0 }
}
`
