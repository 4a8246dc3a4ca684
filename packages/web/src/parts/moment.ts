/** `2026-11-22 08:58:00.008961 UTC`, to the microsecond. */
export const moment = (time: string): string => time.replace('T', ' ').replace(/(\.\d{1,6})\d*Z$/, '$1 UTC')
