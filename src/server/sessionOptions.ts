import type { Coordinator } from '../coordination/coordinator.ts'
import { readOptions } from '../session/options.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { baseUrlOf } from './runLogins.ts'
import type { RunningLogin } from './serverLogin.ts'

/** The options of all sessions of one login. */
export const sessionOptions = (settings: ServerSettings, login: RunningLogin, coordinator: Coordinator) =>
  readOptions({
    baseUrl: baseUrlOf(login),
    strategies: login.strategies,
    refresh: 'onDemand',
    leadTimeMs: settings.leadTimeMs,
    patienceMs: settings.patienceMs,
    attemptTimeoutMs: settings.attemptTimeoutMs,
    lifetimeMs: settings.lifetimeMs,
    absoluteLifetimeMs: settings.absoluteLifetimeMs,
    coordinator,
    clock: settings.clock,
    random: settings.random,
    ...(settings.wireFetch && { fetch: settings.wireFetch }),
    ...(settings.user && { user: settings.user }),
  })
