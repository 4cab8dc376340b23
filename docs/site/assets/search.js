// Search over an index that is loaded when somebody begins to search. Without this script the field is not there.
const box = document.querySelector('.search')
const field = box.querySelector('input')
const found = box.querySelector('.found')
const LIMIT = 12
let index
/** Enter was pressed before the index was there: the first result is followed when it is. */
let isAwaited = false

box.hidden = false

function load() {
  if (index) return
  index = []
  const script = document.createElement('script')
  script.src = box.dataset.index
  script.onload = () => {
    index = window.searchIndex
    show()
    if (isAwaited) follow()
  }
  document.head.append(script)
}

/** How well a section answers the words: every word must begin one of its words. 0: not at all. */
function rate([, , page, title, text], words) {
  let total = 0
  for (const word of words) {
    const begins = new RegExp(`(^|[^a-z0-9])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'i')
    const inTitle = begins.test(title) ? (title.toLowerCase() === word ? 40 : 12) : 0
    const worth = inTitle + (begins.test(page) ? 4 : 0) + (begins.test(text) ? 1 : 0)
    if (!worth) return 0
    total += worth
  }
  return total
}

function excerpt(text, [word]) {
  const at = Math.max(0, text.toLowerCase().indexOf(word) - 40)
  return `${at ? '… ' : ''}${text.slice(at, at + 120)}${text.length > at + 120 ? ' …' : ''}`
}

function line(tag, className, text) {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
  found.hidden = words.length === 0
  if (!words.length) return
  const hits = index
    .map((row) => [rate(row, words), row])
    .filter(([worth]) => worth)
    .sort(([a], [b]) => b - a)
    .slice(0, LIMIT)
  found.replaceChildren(
    ...hits.map(([, [path, anchor, page, title, text]]) => {
      const link = document.createElement('a')
      link.href = `${box.dataset.root}/${path}${anchor && anchor !== 'top' ? `#${anchor}` : ''}`
      link.append(
        line('strong', 'title', title === page ? title : `${page} › ${title}`),
        line('span', 'text', excerpt(text, words)),
      )
      return link
    }),
  )
  if (!hits.length) found.append(line('p', 'none', index.length ? 'Nothing found.' : 'Loading …'))
}

function follow() {
  isAwaited = !index.length
  found.querySelector('a')?.click()
}

/** From the field to a result, to the next, and back. */
function move(step) {
  const stops = [field, ...found.querySelectorAll('a')]
  stops[stops.indexOf(document.activeElement) + step]?.focus()
}

field.addEventListener('focus', load)
field.addEventListener('input', () => {
  isAwaited = false
  show()
})
box.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    move(event.key === 'ArrowDown' ? 1 : -1)
  } else if (event.key === 'Escape') {
    field.value = ''
    found.hidden = true
    field.focus()
  } else if (event.key === 'Enter' && document.activeElement === field) {
    follow()
  }
})
box.addEventListener('focusout', ({ relatedTarget }) => {
  if (!box.contains(relatedTarget)) found.hidden = true
})
found.addEventListener('click', () => {
  found.hidden = true
})
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (document.activeElement?.matches('input, textarea, select')) return
  event.preventDefault()
  field.focus()
})
