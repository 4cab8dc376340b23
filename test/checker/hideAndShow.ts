import type { AnyActorRef } from 'xstate'

interface Inner {
  observers: Set<unknown>
  _processingStatus: number
  _snapshot: unknown
}

/**
 * Stops an actor and starts it again on its living snapshot, as `@xstate/react` does to a component that React hides and
 * shows: its observers are gone afterwards, and whatever it invokes is started a second time.
 */
export function hideAndShow(actorRef: AnyActorRef): void {
  const refs: AnyActorRef[] = [actorRef]
  // An array that grows while it is walked is walked to its end.
  for (const ref of refs) {
    const { children = {} } = ref.getSnapshot() as { readonly children?: Record<string, AnyActorRef> }
    refs.push(...Object.values(children))
  }
  const before = refs.map((ref) => [ref, ref.getSnapshot()] as const)
  const innerOf = (ref: AnyActorRef) => ref as unknown as Inner
  const system = actorRef.system as unknown as { getSnapshot(): unknown; _snapshot: unknown }
  const known = system.getSnapshot()
  for (const ref of refs) innerOf(ref).observers = new Set()
  const owner = actorRef as AnyActorRef & { stop(): void; start(): void }
  owner.stop()
  system._snapshot = known
  for (const [ref, snapshot] of before)
    Object.assign(innerOf(ref), { _processingStatus: 0, _snapshot: snapshot })
  owner.start()
}
