'use client'
import { useCallback, useRef, useState } from 'react'
import type { AnySessionError } from '../base/errors.ts'

interface Progress {
  readonly status: 'idle' | 'pending' | 'success' | 'error'
  /** Why the last call failed; switch on its `code`. */
  readonly error: AnySessionError | null
}

/** A user's request to the session and its state, in the form of a TanStack Query mutation. */
export interface SessionAction extends Progress {
  /** There was no request yet. */
  readonly isIdle: boolean
  /** The request is running. */
  readonly isPending: boolean
  /** The request succeeded. */
  readonly isSuccess: boolean
  /** The request failed; `error` says why. */
  readonly isError: boolean
  /** Makes the request. Never throws; the same function in every render. */
  readonly mutate: () => void
  /** The same, as a promise that rejects with `error`. */
  readonly mutateAsync: () => Promise<void>
  /** Forgets the result of the last call. */
  readonly reset: () => void
}

const idle: Progress = { status: 'idle', error: null }

/** `run` must be the same function in every render. If there are several calls, the last one counts. */
export function useSessionAction(run: () => Promise<void>): SessionAction {
  const [progress, setProgress] = useState(idle)
  const calls = useRef(0)

  const mutateAsync = useCallback(async () => {
    const mine = ++calls.current
    const show = (status: Progress['status'], error: unknown = null) =>
      mine === calls.current && setProgress({ status, error: error as AnySessionError | null })
    show('pending')
    try {
      await run()
      show('success')
    } catch (error) {
      show('error', error)
      throw error
    }
  }, [run])
  // `error` has the cause.
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
