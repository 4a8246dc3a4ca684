export { formatAddress, formatEndpoint } from '../bytes/address.ts'
