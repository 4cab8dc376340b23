import { systemClock } from './clock.ts'

/** The seconds by which a server's clock, at `serverNow`, is ahead of ours. */
export const skewOf = (serverNow: number): number => Math.round((serverNow - systemClock.wall()) / 1000)
