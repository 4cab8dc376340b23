import { freePort } from '../../examples/demo/freePort.ts'
import type { Places } from './party.ts'

/** Where this run's page and server are. */
export const freePlaces = async (): Promise<Places> => ({
  page: `http://localhost:${await freePort(0)}/`,
  server: `http://127.0.0.1:${await freePort(0)}/`,
})
