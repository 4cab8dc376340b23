import type { Clock } from '../base/clock.ts'

/**
 * Events that only people cause, at their end: the pressed control has done its work by then. Some ways of working
 * cause only one of these: a screen reader clicks, and dragging drops. A moving pointer is no activity, because a
 * shaking desk moves it. A scroll is none either, because pages scroll by themselves.
 */
const DONE = [
  'pointerup',
  'pointercancel',
  'touchend',
  'click',
  'contextmenu',
  'wheel',
  'keyup',
  'compositionend',
  'dragend',
  'drop',
]
/**
 * Events that people cause, and scripts can cause too: dictation, input methods, a screen reader that moves the focus.
 */
const EITHER = ['beforeinput', 'input', 'focusin', 'copy', 'cut', 'paste']
/** Their end may never come: that of a scroll bar, or of a key that opens another window. */
const BEGUN = ['pointerdown', 'keydown']
const HELD_MS = 5_000

/**
 * Calls `onSign` for each user activity in this page or in a frame of its origin, also in a frame that was added later,
 * until the returned function is called. Events of scripts do not count.
 */
export function watchUser(clock: Clock, onSign: () => void): () => void {
  let disarm: (() => void) | undefined
  /** The last event during which no script was running. */
  let native: Event | undefined
  let isOver = false

  function sign() {
    disarm?.()
    disarm = undefined
    onSign()
  }
  function onDone({ isTrusted }: Event) {
    if (isTrusted && !isOver) sign()
  }
  // Microtasks run between two listeners of an event, unless a script has caused the event and waits.
  function beforeEither(event: Event) {
    queueMicrotask(() => {
      native = event
    })
  }
  function onEither(event: Event) {
    if (native === event) onDone(event)
    native = undefined
  }
  function onBegun(event: Event) {
    if (event.isTrusted && !isOver && !(event as KeyboardEvent).repeat)
      disarm ??= clock.setTimer(sign, HELD_MS, 'background')
  }
  /** A frame has loaded, or the pointer enters an element that may be one. */
  const onFrame = (event: Event) => void enter(event.composedPath()[0])
  /** The focus went to another window, which may be a frame. */
  function onBlur({ target }: Event) {
    let focused = (target as Partial<Window>).document?.activeElement
    while (focused?.shadowRoot) focused = focused.shadowRoot.activeElement
    enter(focused)
  }

  const listeners: readonly (readonly [types: readonly string[], listener: (event: Event) => void])[] = [
    [DONE, onDone],
    [EITHER, beforeEither],
    [EITHER, onEither],
    [BEGUN, onBegun],
    [['pointerover'], onFrame],
    [['blur'], onBlur],
  ]

  /** Adding a listener again changes nothing. A document that a script has opened again has lost its listeners. */
  function enter(element: unknown) {
    const view = viewOf(element)
    if (view && !isOver) each(view, 'addEventListener')
  }
  function each(view: Window, how: 'addEventListener' | 'removeEventListener') {
    for (const [types, listener] of listeners)
      for (const type of types) view[how](type, listener, { capture: true, passive: true })
    // The load event of elements does not reach the window of their document.
    view.document[how]('load', onFrame, { capture: true })
    for (const frame of view.document.querySelectorAll('iframe, frame, object, embed')) {
      const inner = viewOf(frame)
      if (inner) each(inner, how)
    }
  }

  each(window, 'addEventListener')
  return () => {
    isOver = true
    disarm?.()
    each(window, 'removeEventListener')
  }
}

/** The window in a frame of this origin. A frame of another origin cannot be reached. */
const viewOf = (element: unknown) =>
  (element as Partial<HTMLIFrameElement> | null | undefined)?.contentDocument?.defaultView
