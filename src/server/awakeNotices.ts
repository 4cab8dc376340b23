import type { SessionNotice } from '../session/notice.ts'
import { nameOf } from './entries.ts'
import { pacedNotices, unsentNotices } from './pacedNotices.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { repeatedNotices } from './repeatedNotices.ts'

/** Who is told what happens to a session that is awake. `whose` answers whose session it is, for an audit. */
export function awakeNotices({ clock, observe }: ServerSettings) {
  const isRepeated = repeatedNotices(clock)
  const paced = pacedNotices(clock, (notice) => observe(notice))
  return (key: string, whose: () => Parameters<typeof observe>[1]) => {
    const isUnsent = unsentNotices()
    return (notice: SessionNotice) => {
      if (isUnsent(notice)) return paced()
      if (isRepeated(key, notice)) return
      observe({ ...notice, session: nameOf(key) }, whose())
    }
  }
}
