/**
 * Spans and metrics of a server, by the API of OpenTelemetry.
 *
 * Install: `npm install xstate-session xstate @opentelemetry/api`
 * @module
 */

export { type OpenTelemetryOptions, openTelemetry } from '../opentelemetry/openTelemetry.ts'
export type { ServerTelemetry } from '../server/telemetry.ts'
