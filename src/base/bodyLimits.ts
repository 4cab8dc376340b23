import type { Clock } from './clock.ts'

/** Longer than any timer can be: no limit. */
const LONGEST_MS = 2 ** 31 - 1

/** What may break off a body while it flows. */
export interface BodyLimits {
  /** The body breaks off when its source brings nothing for so long. Whoever reads slowly costs it nothing. */
  readonly silenceMs: number
  readonly clock: Clock
  /** Each is given what breaks the body off, when the body begins to flow, and answers what lets go of that. */
  readonly endings: readonly ((breakOff: (why: Error) => void) => () => void)[]
}

/** Holds the limits of one body that flows; `breakOff` is called once, at the first that is reached. */
export function startLimits({ silenceMs, clock, endings }: BodyLimits, breakOff: (why: Error) => void) {
  const lettingGo: (() => void)[] = []
  let isOver = false
  let disarm: (() => void) | undefined

  /** The source has brought something, or nobody asks it for more. */
  function came() {
    disarm?.()
    disarm = undefined
  }

  /** The body is over. */
  function ends() {
    isOver = true
    came()
    for (const letGo of lettingGo.splice(0)) letGo()
  }

  function reached(why: Error) {
    if (isOver) return
    ends()
    breakOff(why)
  }

  for (const ending of endings) lettingGo.push(ending(reached))
  if (isOver) ends()
  return {
    /** The source is asked for more. */
    waits() {
      if (isOver || silenceMs > LONGEST_MS) return
      disarm ??= clock.setTimer(
        () => reached(new Error(`The backend sent nothing for ${silenceMs} ms.`)),
        silenceMs,
        'background',
      )
    },
    came,
    ends,
  }
}
