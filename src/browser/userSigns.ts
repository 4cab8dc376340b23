import type { Clock } from '../base/clock.ts'

/**
 * What only people do, when it is done: what was pressed has done its work when it is told. Some ways of working make
 * one of these alone: a screen reader clicks, a hand that drags drops. A pointer that only moves is no sign, a nudge
 * of the desk does it; nor is a scroll, for pages do that by themselves.
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
/** What people do, and scripts can make happen too: dictation, input methods, a screen reader that moves the focus. */
const EITHER = ['beforeinput', 'input', 'focusin', 'copy', 'cut', 'paste']
/** Their end may never come: that of a scroll bar, or of a key that opens another window. */
const BEGUN = ['pointerdown', 'keydown']
const HELD_MS = 5_000

/**
 * Calls `onSign` whenever somebody works in this page or in a frame of its origin, also one that was added later, until
 * the answer is called. What a script does is no sign of anybody.
 */
export function watchUser(clock: Clock, onSign: () => void): () => void {
  let disarm: (() => void) | undefined
  /** The last event that found no script running. */
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
  // Between two listeners of an event come microtasks, unless a script has caused it and waits.
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
  /** A frame has loaded, or the pointer enters what may be one. */
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

  /** Adding a listener again changes nothing; a document that a script has opened anew has lost its listeners. */
  function enter(element: unknown) {
    const view = viewOf(element)
    if (view && !isOver) each(view, 'addEventListener')
  }
  function each(view: Window, how: 'addEventListener' | 'removeEventListener') {
    for (const [types, listener] of listeners)
      for (const type of types) view[how](type, listener, { capture: true, passive: true })
    // The load of what is in a document does not reach its window.
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

/** The window in a frame of this origin. That of another is out of reach. */
const viewOf = (element: unknown) =>
  (element as Partial<HTMLIFrameElement> | null | undefined)?.contentDocument?.defaultView
