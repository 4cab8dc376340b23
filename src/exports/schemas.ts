/**
 * What LibreChat's routes answer, as zod schemas for your own code and mocks. A page that only runs a session needs none.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export {
  loginAnswerSchema,
  refreshAnswerSchema,
  refreshErrorSchema,
  userSchema,
} from '../librechat/schemas.ts'
