/** How a call goes on to the target of a redirect, with the bearer it has. */
export interface Onward {
  /** Whether the bearer may go there. */
  isAllowed(url: URL): boolean
  send(target: string, init: RequestInit): Promise<Response>
}

/** Whether an answer sends the caller elsewhere. */
export const isRedirect = ({ type, status, headers }: Response): boolean =>
  type === 'opaqueredirect' || (/^30[12378]$/.test(`${status}`) && headers.has('location'))
