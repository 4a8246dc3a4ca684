// All gateway products known here, the plain engines before what is built on them.
import type { Product } from './product.ts'
import { CLOUD_PRODUCTS } from './products/cloud.ts'
import { ENVOY_PRODUCTS } from './products/envoy.ts'
import { GO_PRODUCTS } from './products/go.ts'
import { HAPROXY_PRODUCTS } from './products/haproxy.ts'
import { NGINX_PRODUCTS } from './products/nginx.ts'
import { OTHER_PRODUCTS } from './products/other.ts'

export const PRODUCTS: readonly Product[] = [
  ...NGINX_PRODUCTS,
  ...HAPROXY_PRODUCTS,
  ...ENVOY_PRODUCTS,
  ...OTHER_PRODUCTS,
  ...GO_PRODUCTS,
  ...CLOUD_PRODUCTS,
]

const byId = new Map(PRODUCTS.map((product) => [product.id, product]))

/** The product with this id, or null. */
export function productOf(id: string | null): Product | null {
  return (id !== null && byId.get(id)) || null
}
