import { answers, both, presented } from '../evidence.ts'
import type { Scene } from '../scene.ts'

export const login: Scene = {
  name: 'Login',
  intro:
    'Two admins log in: Ada with e-mail and password, Olga through the OpenID provider. Their bearers live 6 seconds only, so that you see in half a minute what otherwise takes hours.',
  async play({ ada, olga, topOfSecond }) {
    await topOfSecond()
    await Promise.all([ada.login(), olga.login()])
    await Promise.all([ada.call(1, true), olga.call(1, true)])
  },
  check: (seen) => [
    both('state', 'active v1', seen, ({ after }) => `${after.state} v${after.version}`),
    both('the call was answered', '1x 200', seen, answers),
    both('refresh tokens presented', 'none', seen, presented),
  ],
}
