/** A tenant of LibreChat, which silently ignores every other value. */
export const TENANT = /^(?!__SYSTEM__$)[\w.-]{1,128}$/
