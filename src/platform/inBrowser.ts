/** Whether this is bundled for pages of browsers: what only other platforms need is then left out. */
export const isBrowser: boolean = true
