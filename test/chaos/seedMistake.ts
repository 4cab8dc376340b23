/** Puts the mistake that `BUG` names into the sources of a process under test, as the process loads them. */
import { patchSources } from '../patchSources.ts'
import { patchesOf } from '../proof/mistakes/mistakes.ts'

const { BUG } = process.env
if (BUG) patchSources(patchesOf(BUG, 'chaos'))
