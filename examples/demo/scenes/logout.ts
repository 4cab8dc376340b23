import { answers, apiStatuses, type Evidence, same, tally } from '../evidence.ts'
import type { Scene } from '../scene.ts'

const logouts = ({ requests }: Evidence): string =>
  tally(
    requests
      .filter(({ path }) => path === '/api/auth/logout')
      .map(
        ({ status, cookies }) => `${status} ${cookies.includes('refreshToken') ? 'with' : 'without'} cookie`,
      ),
  )

const told = ({ notices }: Evidence): string =>
  notices.flatMap((notice) => (notice.type === 'loggedOut' ? [notice.reason] : [])).join(', ') || 'none'

export const logout: Scene = {
  name: 'Logout',
  intro:
    'Ada logs out. Her session ends here at once, then at the backend, named by its refresh token so that no other session of hers is hit. Calls made afterwards are refused before anything is sent.',
  async play({ ada, until }) {
    await until(ada.session, 'a quiet moment of Ada', ({ state }) => state === 'active')
    await ada.session.logout()
    await ada.call(3, true)
  },
  check: ({ ada }) => [
    same('state', 'loggedOut: user', `${ada.after.state}: ${ada.after.reason}`),
    same('notice', 'user', told(ada)),
    same('logout at the backend', '1x 200 with cookie', logouts(ada)),
    same('callers got', '3x logged_out', answers(ada)),
    same('calls that reached the backend', 'none', apiStatuses(ada)),
  ],
}
