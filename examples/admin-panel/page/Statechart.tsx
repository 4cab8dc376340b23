import { useSyncExternalStore } from 'react'
import { useSession } from 'xstate-session/react'
import { Chart } from './Chart.tsx'
import { transitions } from './transitions.ts'

/** The machine of this page's session. */
export function Statechart() {
  const current = useSession(({ state }) => state)
  const taken = useSyncExternalStore(transitions.subscribe, transitions.read)
  return <Chart title="The machine, live" current={current} taken={taken} />
}
