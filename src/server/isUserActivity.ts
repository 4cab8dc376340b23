/**
 * A navigation that the user began here or in the browser itself, anything that changes something, and what the page
 * says happened while its user was active. A page that polls only reads; what another site opens shows nobody at work.
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
