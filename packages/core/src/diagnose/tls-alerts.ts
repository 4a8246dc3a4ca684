// What alerts accuse, by who sends them (RFC 8446 section 6, RFC 5246 section 7.2.2).

export const ALERT = {
  closeNotify: 0,
  handshakeFailure: 40,
  noCertificate: 41,
  accessDenied: 49,
  decodeError: 50,
  internalError: 80,
  userCanceled: 90,
  unrecognizedName: 112,
  noApplicationProtocol: 120,
} as const

/** illegal_parameter, export_restriction, protocol_version, insufficient_security, inappropriate_fallback,
 * missing_extension, unsupported_extension, no_application_protocol: what was offered or chosen does not do. */
const PARAMETERS: ReadonlySet<number> = new Set([47, 60, 70, 71, 86, 109, 110, 120])

/** bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown, unknown_ca,
 * bad_certificate_status_response: the sender has judged a certificate. */
const CERTIFICATE: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48, 113])

/** no_certificate (SSL 3.0), certificate_required: the sender got none. */
const NO_CERTIFICATE: ReadonlySet<number> = new Set([41, 116])

export const accusesParameters = (description: number): boolean => PARAMETERS.has(description)
export const accusesCertificate = (description: number): boolean => CERTIFICATE.has(description)
export const missesCertificate = (description: number): boolean => NO_CERTIFICATE.has(description)

/** Alerts that servers send for a name they do not serve, and for much else. */
export const isVague = (description: number): boolean =>
  description === ALERT.handshakeFailure || description === ALERT.internalError || description === ALERT.accessDenied
