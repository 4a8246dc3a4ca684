// Which product made the client's error answer.
import { type GatewayIdentity, identifyGateway } from '../gateways/identify.ts'
import { clientView, type Request, serverView } from '../story/story.ts'

/** The product behind the answer that the client got; null when nothing tells. */
export function gatewayOf(request: Request | null): GatewayIdentity | null {
  if (request === null) return null
  const { exchange } = serverView(request.turn)
  const detail = exchange.detail ?? clientView(request.turn).exchange.detail
  if (detail === null || exchange.status === 0) return null
  const fields = new Map(detail.responseFields)
  return identifyGateway({
    status: exchange.status,
    reason: detail.reason,
    field: (name) => fields.get(name) ?? null,
    body: detail.body,
    version: detail.responseVersion,
  })
}
