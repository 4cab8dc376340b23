/** As in `development.ts`. A bundler leaves out what stands behind it. */
export const isDevelopment = false
