/**
 * Names that speak of the connection or of how a message is framed (RFC 9110
 * sections 7.2 and 7.6.1); with `grpc-...` they belong to the transport, and are
 * no method's business.
 */
const TRANSPORT: ReadonlySet<string> = new Set([
  'connection', 'content-encoding', 'content-length', 'content-range', 'content-transfer-encoding', 'content-type', 'expect', 'host', 'http2-settings', 'keep-alive', 'max-forwards', 'proxy-authenticate',
  'proxy-authentication-info', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]);
/** Headers that every answer has for its safety, or that the transport makes itself. */
const OWN_OF_ANSWERS: ReadonlySet<string> = new Set([
  'allow', 'cache-control', 'content-security-policy', 'date', 'referrer-policy', 'strict-transport-security',
  'www-authenticate', 'x-content-type-options', 'x-request-id',
]);
/** A name as gRPC has it; HTTP takes it as well. */
const NAME = /^[0-9a-z_.-]+$/;

/** Whether a name belongs to the transport, and is never metadata. */
export function isTransportName(name: string): boolean {
  return TRANSPORT.has(name) || name.startsWith('grpc-');
}

export function checkRequestHeader(name: string, say: (hole: string) => void): void {
  if (!NAME.test(name)) say(`request header ${name} is not a name in lower case`);
  else if (isTransportName(name)) say(`request header ${name} belongs to the transport`);
}

export function checkResponseHeader(name: string, say: (hole: string) => void): void {
  if (!NAME.test(name)) say(`response header ${name} is not in lower case`);
  else if (isTransportName(name) || OWN_OF_ANSWERS.has(name)) say(`response header ${name} belongs to the transport`);
  else if (name.endsWith('-bin')) say(`response header ${name} has bytes, which no handler can set`);
}
