export { type BackChannelLogoutOptions, backChannelLogout } from '../server/backChannel.ts'
