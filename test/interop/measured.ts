import type { MeasuredPage } from './inPage.ts'
import type { measure } from './script.ts'
import type { MeasuredServer } from './throughServer.ts'

/** What one provider, as it is set up, was seen to do, in words for people: a row of the page of the providers. */
export type Measured = Awaited<ReturnType<typeof measure>> & MeasuredServer & MeasuredPage
