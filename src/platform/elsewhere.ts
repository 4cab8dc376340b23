/** As in `inBrowser.ts`: Node, a worker at the edge, a native application, or nobody knows. */
export const isBrowser: boolean = false
