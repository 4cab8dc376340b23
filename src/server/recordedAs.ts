import type { ServerSettings } from './readServerOptions.ts'

/**
 * Records a session under its name. If the server observes its notices, the recorder gets them with the server's own.
 */
export const recordedAs = (name: string, { recorder }: ServerSettings) =>
  recorder && {
    recorder: {
      attach: (actorRef: object) => recorder.attach(actorRef, name),
      note() {},
      trace: () => undefined,
    },
  }
