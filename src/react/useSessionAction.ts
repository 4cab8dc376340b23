'use client'
import { useCallback, useRef, useState } from 'react'
import type { AnySessionError } from '../base/errors.ts'

interface Progress {
  readonly status: 'idle' | 'pending' | 'success' | 'error'
  /** Why the last call failed; switch on its `code`. */
  readonly error: AnySessionError | null
}

/** Something a user asks of the session, and what became of it: as a mutation of TanStack Query tells it. */
export interface SessionAction extends Progress {
  /** It was not asked for yet. */
  readonly isIdle: boolean
  /** It is under way. */
  readonly isPending: boolean
  /** It was done. */
  readonly isSuccess: boolean
  /** It failed; `error` says why. */
  readonly isError: boolean
  /** Asks for it. Never throws; the same function in every render. */
  readonly mutate: () => void
  /** The same, as a promise that rejects with `error`. */
  readonly mutateAsync: () => Promise<void>
  /** Forgets what became of the last call. */
  readonly reset: () => void
}

const idle: Progress = { status: 'idle', error: null }

/** `run` is to be the same function in every render. Of several calls the last one tells. */
export function useSessionAction(run: () => Promise<void>): SessionAction {
  const [progress, setProgress] = useState(idle)
  const calls = useRef(0)

  const mutateAsync = useCallback(async () => {
    const mine = ++calls.current
    const show = (next: Progress) => mine === calls.current && setProgress(next)
    show({ status: 'pending', error: null })
    try {
      await run()
      show({ status: 'success', error: null })
    } catch (error) {
      show({ status: 'error', error: error as AnySessionError })
      throw error
    }
  }, [run])
  // What went wrong is in `error`.
  const mutate = useCallback(() => void mutateAsync().catch(() => {}), [mutateAsync])
  const reset = useCallback(() => {
    calls.current++
    setProgress(idle)
  }, [])

  const { status } = progress
  return {
    ...progress,
    isIdle: status === 'idle',
    isPending: status === 'pending',
    isSuccess: status === 'success',
    isError: status === 'error',
    mutate,
    mutateAsync,
    reset,
  }
}
