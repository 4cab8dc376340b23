/** Whether options are checked in full: what types and a first run in development have shown costs a page in production no bytes. */
export const isDevelopment: boolean = true
