/** What the user prefers. */
export type Scheme = 'light' | 'dark'

/** A browser of the tests. What it is driven by is its own affair. */
export interface Engine {
  /** With storage of its own. */
  open(): Promise<Profile>
  close(): Promise<void>
}

export interface Profile {
  page(): Promise<EnginePage>
  /** How many are open: the pages that were asked for, and what those have opened. */
  windows(): Promise<number>
  close(): Promise<void>
}

/** A tab. Everything that a user does in it is real input, to what has the focus or lies at that place. */
export interface EnginePage {
  goto(url: string): Promise<void>
  back(): Promise<void>
  /** Runs in the page; what it is given and what it answers are JSON. */
  evaluate<A, T>(work: (given: A) => T | Promise<T>, given?: A): Promise<T>
  /** A key by its name (`Tab`, `PageDown`), or a character. */
  press(key: string): Promise<void>
  click(x: number, y: number): Promise<void>
  wheel(x: number, y: number): Promise<void>
  /** Makes the page so wide and high; CSS pixels. */
  resize(width: number, height: number): Promise<void>
  /** What is to be seen of it, as a PNG. */
  screenshot(): Promise<Buffer>
  /** The user comes back to its window. */
  front(): Promise<void>
  close(): Promise<void>
}

/** The codes of the WebDriver standard for keys that are no characters. */
const KEYS: Record<string, string> = { Tab: '\uE004', Shift: '\uE008', PageDown: '\uE00F' }

export const keyActions = (key: string) => {
  const value = KEYS[key] ?? key
  return [
    {
      type: 'key',
      id: 'keys',
      actions: [
        { type: 'keyDown', value },
        { type: 'keyUp', value },
      ],
    },
  ]
}

export const clickActions = (x: number, y: number) => [
  {
    type: 'pointer',
    id: 'mouse',
    actions: [
      { type: 'pointerMove', x, y },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ],
  },
]

export const moveActions = (x: number, y: number) => [
  { type: 'pointer', id: 'mouse', actions: [{ type: 'pointerMove', x, y }] },
]

export const wheelActions = (x: number, y: number) => [
  { type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', x, y, deltaX: 0, deltaY: 50 }] },
]

/** The source of `work` as a function of the page's own that takes and answers JSON text. */
export const asText = (work: unknown) =>
  `async (given) => JSON.stringify({ answer: await (${work})(given === undefined ? given : JSON.parse(given)) })`

export const fromText = <T>(text: string): T => (JSON.parse(text) as { answer: T }).answer
