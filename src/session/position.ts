import type { Position } from '../../machines/session.types.ts'

/** Whether both are one version of one login. */
export const isSamePosition = (a: Position, b: Position) => a.epoch === b.epoch && a.version === b.version
