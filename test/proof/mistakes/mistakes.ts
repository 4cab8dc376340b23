/**
 * All mistakes that are seeded: tests, checker, simulation and chaos are worth something only if they see them.
 */
import type { Patch } from '../../patchSources.ts'
import { calls } from './calls.ts'
import { chart } from './chart.ts'
import { coordination } from './coordination.ts'
import type { Layer, Mistake } from './mistake.ts'
import { server } from './server.ts'
import { session } from './session.ts'

export const rooms = { chart, session, calls, coordination, server }

export const mistakes: Readonly<Record<string, Mistake>> = Object.assign({}, ...Object.values(rooms))

/** The mistakes that a layer must see, by name, each with what the layer needs to know. */
export function seenBy<L extends Layer>(layer: L) {
  return Object.entries(mistakes).flatMap(([name, mistake]) => {
    const seen = mistake.seenBy[layer]
    return seen ? [{ ...mistake, name, seen: seen as NonNullable<Mistake['seenBy'][L]> }] : []
  })
}

/** What puts a mistake into the sources of a layer. Throws where the layer does not know the mistake. */
export function patchesOf(name: string, layer: Layer): readonly Patch[] {
  const mistake = mistakes[name]
  if (!mistake?.seenBy[layer]) throw new Error(`No mistake of ${layer}: ${name}.`)
  const { without, also = [] } = (layer === 'chaos' && mistake.seenBy.chaos) || {}
  const hiding = (without && mistakes[without]?.patches) || []
  return [...hiding, ...mistake.patches, ...also]
}
