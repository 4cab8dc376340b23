/**
 * User activity is a navigation that the user began here or in the browser itself, any request that changes something,
 * and a request that the page marks as such. Polling only reads. A page that another site opens shows nobody at work.
 */
export function isUserActivity(request: Request): boolean {
  const { headers } = request
  const isOwn = /^(same-origin|none)$/.test(headers.get('sec-fetch-site') ?? '')
  return (
    headers.get('x-user-activity') === '1' ||
    (isOwn && headers.get('sec-fetch-mode') === 'navigate') ||
    !/^(GET|HEAD)$/.test(request.method)
  )
}
