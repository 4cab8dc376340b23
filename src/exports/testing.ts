/**
 * A test model made of the machine itself, a session in any state, and what strategies, stores and coordinators must do.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { UserIdentity } from '../../machines/session.types.ts'
export { type Replay, type ReplayDivergence, type ReplayStep, replayTrace } from '../replay/replayTrace.ts'
export type { Session } from '../session/session.ts'
export { type BffDriverOptions, bffDriver } from '../testing/bffDriver.ts'
export { type ChartDriverOptions, chartDriver } from '../testing/chartDriver.ts'
export type { ConformanceCase } from '../testing/conformanceCase.ts'
export {
  type CoordinatorConformanceOptions,
  type CoordinatorUnderTest,
  coordinatorConformance,
} from '../testing/coordinatorConformance.ts'
export { createFakeSession, type FakeSessionOptions } from '../testing/createFakeSession.ts'
export {
  createSessionModel,
  type ModelEvent,
  type ModelSnapshot,
  type SessionModel,
  type SessionModelOptions,
} from '../testing/createSessionModel.ts'
export type { DrivenServerOptions } from '../testing/drivenServer.ts'
export type { DrivenUiOptions } from '../testing/driverOfSession.ts'
export type { ServerLoginConformanceOptions, ServerLoginUnderTest } from '../testing/loginUnderTest.ts'
export { describeCoverage, type ModelCoverage, sumCoverage } from '../testing/modelCoverage.ts'
export type { ModelDriver, ModelPlace } from '../testing/modelDriver.ts'
export { instantOf, type ModelContext, type ModelEventType, modelEvents } from '../testing/modelEvents.ts'
export { modelKey } from '../testing/modelKey.ts'
export type { ModelPathKind } from '../testing/modelPaths.ts'
export type { ModelStep } from '../testing/modelStep.ts'
export {
  type ModelPath,
  type ModelRunOptions,
  type ModelSuite,
  type ModelSuiteOptions,
  modelSuite,
} from '../testing/modelSuite.ts'
export { type ModelTransition, modelTransitions } from '../testing/modelTransitions.ts'
export { serverLoginConformance } from '../testing/serverLoginConformance.ts'
export {
  type ServerStoreConformanceOptions,
  type ServerStoreUnderTest,
  serverStoreConformance,
} from '../testing/serverStoreConformance.ts'
export { type DrivenBackend, type SessionDriverOptions, sessionDriver } from '../testing/sessionDriver.ts'
export {
  type SessionStoreConformanceOptions,
  type SessionStoreUnderTest,
  sessionStoreConformance,
} from '../testing/sessionStoreConformance.ts'
export { strategyConformance } from '../testing/strategyConformance.ts'
export type { RenewedTokens, StrategyConformanceOptions } from '../testing/strategySubject.ts'
export { type VirtualClock, virtualClock } from '../testing/virtualClock.ts'
