import { isJwsAlgorithm } from '../../crypto/algorithms.ts';
import type { JwsAlgorithm } from '../../crypto/algorithms.ts';
import { parseCompactJws, readBearer } from '../../crypto/jws.ts';
import type { CompactJws } from '../../crypto/jws.ts';

/** A JWT in the form that a device's JWT has; its signature is not verified yet. */
export interface DeviceJwt {
  readonly jws: CompactJws;
  readonly alg: JwsAlgorithm;
  readonly deviceId: string;
  /** In lower case. */
  readonly jti: string;
}

const DEVICE_ID = /^[A-Za-z0-9._-]{1,128}$/;
const JTI = /^[0-9A-Fa-f]{32,64}$/;
/** `crit`, and key material, which is never used and must not be there. */
const FORBIDDEN_HEADERS = ['crit', 'jwk', 'jku', 'x5c', 'x5u'];

/**
 * Reads the JWT of an authorization value by the rules of
 * contracts/iothentix.md section 5, all but those of `public_key`. Returns what
 * is wrong, for the log, if it is not accepted.
 */
export function readDeviceJwt(
  authorization: string | undefined,
  algorithms: ReadonlySet<JwsAlgorithm>,
  now: Date,
): DeviceJwt | string {
  const token = authorization === undefined ? undefined : readBearer(authorization);
  const jws = token === undefined ? undefined : parseCompactJws(token);
  if (jws === undefined) return 'authorization does not hold one compact JWS';
  const { header, payload } = jws;
  const { alg, typ, kid } = header;
  if (!isJwsAlgorithm(alg) || !algorithms.has(alg)) return 'alg is not enabled';
  if (typ !== 'JWT') return 'typ is not JWT';
  if (typeof kid !== 'string' || !DEVICE_ID.test(kid)) return 'kid is not a device id';
  for (const name of FORBIDDEN_HEADERS) if (Object.hasOwn(header, name)) return `the header has ${name}`;
  if (payload['sub'] !== kid) return 'sub is not kid';
  const { jti } = payload;
  if (typeof jti !== 'string' || !JTI.test(jti)) return 'jti is not 32 to 64 hex characters';
  const fault = timeFault(payload, now);
  return fault ?? { jws, alg, deviceId: kid, jti: jti.toLowerCase() };
}

/** `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5) with leeway 0, where they are present. */
function timeFault(payload: CompactJws['payload'], now: Date): string | undefined {
  const seconds = now.getTime() / 1000;
  for (const name of ['exp', 'nbf']) {
    if (Object.hasOwn(payload, name) && typeof payload[name] !== 'number') return `${name} is not a number`;
  }
  const { exp, nbf } = payload;
  if (typeof exp === 'number' && seconds >= exp) return 'exp has passed';
  if (typeof nbf === 'number' && seconds < nbf) return 'nbf has not come';
  return undefined;
}
