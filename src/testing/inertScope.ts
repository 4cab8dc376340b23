import {
  type ActorScope,
  type AnyStateMachine,
  createActor,
  type EmittedFrom,
  type EventFromLogic,
  type SnapshotFrom,
} from 'xstate'

type Scope<M extends AnyStateMachine> = ActorScope<
  SnapshotFrom<M>,
  EventFromLogic<M>,
  ActorScope<SnapshotFrom<M>, EventFromLogic<M>>['system'],
  EmittedFrom<M>
>

/**
 * The scope for the `transition` of a machine whose actions nobody carries out. The `transition` that XState exports
 * makes an actor for each event; this scope uses one actor for all events.
 */
export function inertScope<M extends AnyStateMachine>(
  machine: M,
  actionExecutor: Scope<M>['actionExecutor'] = () => {},
): Scope<M> {
  const self = createActor(machine) as unknown as Scope<M>['self']
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
