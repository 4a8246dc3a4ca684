// TLS handshakes as flights: what each side sends in one go, in the clear up to TLS 1.2, by its sizes alone in TLS 1.3.
import { join, type Bytes } from './bytes.ts'
import type { Network } from './network.ts'
import {
  certificateMessage,
  certificateRequest,
  CERTIFICATES,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  handshakeRecord,
  opaqueRecord,
  serverHello,
  serverHelloDone,
  serverKeyExchange,
  TLS_1_2,
  TLS_1_3,
} from './tls.ts'

const HANDSHAKE = 22

/** A Finished under the protection of TLS 1.2, and of TLS 1.3 with SHA-256. */
const FINISHED_12 = opaqueRecord(40, HANDSHAKE)
const FINISHED_13 = opaqueRecord(4 + 32 + 17)
/** A Certificate message without certificates under the protection of TLS 1.3. */
const EMPTY_CERTIFICATE_13 = opaqueRecord(4 + 4 + 17)

/** A ClientHello for app.internal that offers TLS 1.2, or TLS 1.2 and 1.3. */
export const hello12 = (serverName: string | undefined = 'app.internal'): Bytes =>
  handshakeRecord(clientHello({ serverName, ciphers: [0xc02f] }))
export const hello13 = (serverName: string | undefined = 'app.internal'): Bytes =>
  handshakeRecord(clientHello({ serverName, versions: [TLS_1_3, TLS_1_2], ciphers: [0x1301, 0xc02f] }))

/** ServerHello to ServerHelloDone, with a CertificateRequest or without. */
export const serverFlight12 = ({ asks = false }: { asks?: boolean } = {}): Bytes =>
  handshakeRecord(
    serverHello(),
    certificateMessage(CERTIFICATES.leaf),
    serverKeyExchange(),
    ...(asks ? [certificateRequest()] : []),
    serverHelloDone(),
  )

/** Certificate (where asked for, and empty) to Finished. */
export const clientFlight12 = ({ asked = false }: { asked?: boolean } = {}): Bytes =>
  join(handshakeRecord(...(asked ? [certificateMessage()] : []), clientKeyExchange()), changeCipherSpec(), FINISHED_12)

export const serverFinished12 = (): Bytes => join(changeCipherSpec(), FINISHED_12)

/** ServerHello, and records of the sizes of EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished. */
export const serverFlight13 = ({ asks = false }: { asks?: boolean } = {}): Bytes =>
  join(
    handshakeRecord(serverHello({ version: TLS_1_3 })),
    changeCipherSpec(),
    opaqueRecord(23),
    ...(asks ? [opaqueRecord(62)] : []),
    opaqueRecord(900),
    opaqueRecord(281),
    FINISHED_13,
  )

/** Finished, behind an empty Certificate where one was asked for. */
export const clientFlight13 = ({ asked = false }: { asked?: boolean } = {}): Bytes =>
  join(changeCipherSpec(), ...(asked ? [EMPTY_CERTIFICATE_13] : []), FINISHED_13)

/** Two session tickets, as servers send them behind the handshake. */
export const tickets13 = (): Bytes => join(opaqueRecord(250), opaqueRecord(250))

/** An alert under the protection of TLS 1.3, and of TLS 1.2. */
export const hiddenAlert13 = (): Bytes => opaqueRecord(2 + 17)
export const hiddenAlert12 = (): Bytes => opaqueRecord(2 + 24, 21)

/** Runs before a scenario of gateway(): a handshake for `serverName` with its first upstream that goes well, and a request. */
export const workedBefore =
  (serverName = 'app.internal') =>
  (net: Network): void => {
    const tcp = net.tcp(net.host('proxy-back', '10.1.0.1'), net.host('upstream', '10.1.0.2'), 8080)
    tcp.handshake().send('>', hello13(serverName)).send('<', serverFlight13()).send('>', clientFlight13())
    tcp.send('<', tickets13()).send('>', opaqueRecord(200)).wait(0.05).send('<', opaqueRecord(1200)).close('>')
    net.wait(0.5)
  }
