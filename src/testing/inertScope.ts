import {
  type ActorScope,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type SnapshotFrom,
} from 'xstate'

/**
 * What the `transition` of a machine is given where nothing is carried out. The `transition` that XState exports makes
 * an actor for each event; one does for all.
 */
export function inertScope<M extends AnyStateMachine>(
  machine: M,
  actionExecutor: ActorScope<SnapshotFrom<M>, EventFromLogic<M>>['actionExecutor'] = () => {},
): ActorScope<SnapshotFrom<M>, EventFromLogic<M>> {
  const self = createActor(machine) as unknown as ActorScope<SnapshotFrom<M>, EventFromLogic<M>>['self']
  const nothing = () => {}
  return {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor,
  }
}
