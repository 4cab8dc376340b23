import { answers, apiStatuses, type Evidence, failures, presented, same } from '../evidence.ts'
import type { Scene } from '../scene.ts'

const ends = ({ notices }: Evidence): string =>
  notices.flatMap((notice) => (notice.type === 'expired' ? [notice.reason] : [])).join(', ') || 'none'

export const revoked: Scene = {
  name: 'A revoked admin',
  intro:
    "Olga is no longer an admin. Her calls get 403, which a refresh cannot cure, so none is sent; at her next renewal the backend says so for good, and her session ends with that reason. Nothing leaves for the backend any more, and Ada's session goes on.",
  async play({ ada, olga, backend, timeline, until }) {
    backend.operator.revokeAdmin('openidAdmin')
    timeline.note('Olga has lost her admin rights')
    await olga.call(1, true)
    await until(olga.session, 'the lead time of Olga', ({ state }) => state === 'nearingExpiry')
    await olga.call(1, true)
    await Promise.all([ada.call(3, true), olga.call(3, true)])
  },
  check: ({ ada, olga }) => [
    same('state (Olga)', 'expired: accessRevoked', `${olga.after.state}: ${olga.after.reason}`),
    same('notice', 'accessRevoked', ends(olga)),
    same('callers got (Olga)', '1x 403, 4x session_expired', answers(olga)),
    same('calls that reached the backend', '1x 403', apiStatuses(olga)),
    same('refresh tokens presented (Olga)', 'rejected', presented(olga)),
    same(
      'failed calls, session (Ada)',
      'none, alive',
      `${failures(ada)}, ${ada.after.isAuthenticated ? 'alive' : ada.after.reason}`,
    ),
  ],
}
