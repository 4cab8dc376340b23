import { hkdfSync } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import type { KeptSession } from 'xstate-session/refresher'

/** All that the panel knows of who is logged in. There is no session on the server: the browser holds this, sealed. */
export type SessionData = {
  -readonly [Name in keyof Omit<KeptSession, 'tenantId' | 'isRejected'>]?: KeptSession[Name]
}

const NAME = 'admin-session'

/** Seals sessions into a cookie, and reads them again. One that nobody can unseal is an empty one. */
export function createSealedCookie(secret: string) {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', NAME, 32))
  return {
    async read(request: Request): Promise<SessionData> {
      const [, sealed = ''] =
        new RegExp(`(?:^|; )${NAME}=([^;]+)`).exec(request.headers.get('cookie') ?? '') ?? []
      try {
        return (await jwtDecrypt(sealed, key)).payload.session as SessionData
      } catch {
        return {}
      }
    },
    async write(session: SessionData): Promise<string> {
      const token = new EncryptJWT({ session }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      return `${NAME}=${await token.encrypt(key)}; Path=/; HttpOnly; SameSite=Lax`
    },
  }
}
