import type { Clock } from './clock.ts'
import { LONGEST_TIMER_MS } from './durations.ts'

/** The limits of a running body. */
export interface BodyLimits {
  /** The body breaks off if its source delivers nothing for this time. A slow reader does not count. */
  readonly silenceMs: number
  readonly clock: Clock
  /**
   * Each one gets the function that breaks the body off, when the body begins to flow. It returns the function that
   * stops this.
   */
  readonly endings: readonly ((breakOff: (why: Error) => void) => () => void)[]
}

/** Watches the limits of one running body. `breakOff` is called once, at the first limit. */
export function startLimits({ silenceMs, clock, endings }: BodyLimits, breakOff: (why: Error) => void) {
  const lettingGo: (() => void)[] = []
  let isOver = false
  let disarm: (() => void) | undefined

  /** The source has delivered something, or nobody asks it for more. */
  function came() {
    disarm?.()
    disarm = undefined
  }

  /** The body has ended. */
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
    /** The reader asks for more. */
    waits() {
      if (isOver || silenceMs > LONGEST_TIMER_MS) return
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
