'use client'
import { createContext } from 'react'
import type { ReasonTexts } from './reasonTexts.ts'

/** Separate from the session: an inline table is a new object at each render, and few components use it. */
export const ReasonTextsContext = createContext<Partial<ReasonTexts>>({})
