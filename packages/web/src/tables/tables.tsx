// Tables over everything observed. (Placeholders until they are there.)
import type { ReactNode } from 'react'

export const ConnectionsView = (): ReactNode => <h2>Connections</h2>
export const ExchangesView = (): ReactNode => <h2>Exchanges</h2>
