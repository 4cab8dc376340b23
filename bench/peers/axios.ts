import axios, { type AxiosAdapter, AxiosError, AxiosHeaders } from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'
import type { Peer, World } from './peer.ts'

/** Over a server axios uses its own adapter, as in an application on Node. */
export const axiosAuthRefresh: Peer = {
  name: 'axios + auth-refresh',
  open(world, start) {
    let { token } = start
    const client = axios.create({
      baseURL: world.baseUrl,
      responseType: 'text',
      ...(world.send !== globalThis.fetch && { adapter: over(world) }),
    })
    client.interceptors.request.use((config) => {
      config.headers.set('authorization', `Bearer ${token}`)
      return config
    })
    // Its declarations are written for `require`, whose types of axios are others than those of `import`.
    createAuthRefresh(client as unknown as Parameters<typeof createAuthRefresh>[0], async () => {
      token = await world.refresh()
    })
    return {
      fetch: (path, init) => client.get(path, { headers: init?.headers as Record<string, string> }),
    }
  },
}

/** As little as an adapter may do. */
function over({ send }: World): AxiosAdapter {
  return async (config) => {
    const { status } = await send(`${config.baseURL}${config.url}`, {
      headers: config.headers as unknown as Record<string, string>,
    })
    const answer = { data: '', status, statusText: '', headers: new AxiosHeaders(), config }
    if (status >= 400) throw new AxiosError('refused', AxiosError.ERR_BAD_REQUEST, config, null, answer)
    return answer
  }
}
