// Names of link types (https://www.tcpdump.org/linktypes.html), of those that captures of web traffic come in.
const NAMES: { readonly [linkType: number]: string } = {
  0: 'NULL',
  1: 'ETHERNET',
  9: 'PPP',
  12: 'RAW (12)',
  14: 'RAW (14)',
  50: 'PPP_HDLC',
  101: 'RAW',
  105: 'IEEE802_11',
  108: 'LOOP',
  113: 'LINUX_SLL',
  119: 'IEEE802_11_PRISM',
  127: 'IEEE802_11_RADIOTAP',
  192: 'PPI',
  228: 'IPV4',
  229: 'IPV6',
  239: 'NFLOG',
  276: 'LINUX_SLL2',
}

/** `ETHERNET`; of a number without a name the number. */
export const linkTypeName = (linkType: number): string => NAMES[linkType] ?? String(linkType)
