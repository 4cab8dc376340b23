import type { Session } from 'xstate-session'

export interface UploadAnswer {
  readonly status: number
  readonly text: string
}

/** Sends a file, and reports the progress, which `fetch` cannot do. A 401 costs one refresh and one more try. */
export async function upload(
  session: Session,
  url: string,
  file: Blob,
  onProgress: (sent: number, total: number) => void,
): Promise<UploadAnswer> {
  const used = await session.getToken()
  const answer = await send(url, file, used, onProgress)
  if (answer.status !== 401) return answer
  // Another caller may have refreshed already.
  if ((await session.getToken()) === used) await session.refresh()
  return send(url, file, await session.getToken(), onProgress)
}

function send(url: string, file: Blob, token: string, onProgress: Parameters<typeof upload>[3]) {
  return new Promise<UploadAnswer>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.setRequestHeader('Authorization', `Bearer ${token}`)
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total)
    request.onload = () => resolve({ status: request.status, text: request.responseText })
    request.onerror = () => reject(new TypeError('The upload did not arrive.'))
    request.send(file)
  })
}
