import { isOwnPath } from '../browser/isOwnPath.ts'

/** The target stays on this site, and every parser reads its path alike. */
export const isSafeWay = (way: string, origin: string) =>
  isOwnPath(way, origin) && !/\\|^[^?#]*%5c|\p{Cc}/iu.test(way)
