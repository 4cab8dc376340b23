'use client'
import { createContext } from 'react'
import type { ReasonTexts } from './reasonTexts.ts'

/** Apart from the session: a table that is written in line is a new object each time, and concerns few. */
export const ReasonTextsContext = createContext<Partial<ReasonTexts>>({})
