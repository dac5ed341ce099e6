import { parseIdentityKey } from '../crypto/identity_key.ts';
import type { AuthentiqSettings, TrustedIssuerSetting } from '../settings.ts';
import { Expected } from './reader.ts';
import type { Reader } from './reader.ts';
import { count, jsonList, oneOf } from './values.ts';

const YEAR = 31_536_000;

/** Reads the settings of contracts/authentiq.md section 8. */
export function readAuthentiq(reader: Reader): AuthentiqSettings {
  return {
    scopePutResponse: reader.text('KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE', oneOf(['json', 'jwt', 'strict'] as const)) ?? 'json',
    errorTypePrefix: reader.text('KEYTURN_AUTHENTIQ_ERROR_TYPE_PREFIX', uri) ?? '',
    iatGuard: reader.text('KEYTURN_AUTHENTIQ_IAT_GUARD', oneOf(['off', 'if-present', 'required'] as const)) ?? 'if-present',
    trustedIssuers: reader.text('KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS', trustedIssuers) ?? [],
    jobsPerMinute: reader.text('KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE', count(1, 100_000_000)) ?? 600,
    jobsPerPrefixPerMinute: reader.text('KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE', count(1, 100_000_000)) ?? 60,
    jobsPerPeerPerMinute: reader.text('KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE', count(1, 100_000_000)) ?? 60,
    testIssuer: reader.text('KEYTURN_AUTHENTIQ_TEST_ISSUER', oneOf(['on', 'off'] as const)) === 'on',
    issuer: reader.text('KEYTURN_AUTHENTIQ_ISSUER', uri),
    issuerJwtSeconds: reader.text('KEYTURN_AUTHENTIQ_ISSUER_JWT_SECONDS', count(60, 10 * YEAR, 'of seconds ')) ?? YEAR,
  };
}

/** For itself Keyturn signs alone: an issuer outside of that name would count for nothing. */
export function complainOfOwnIssuer(reader: Reader, settings: AuthentiqSettings, publicUrl: string | undefined): void {
  const own = settings.issuer ?? publicUrl;
  if (settings.trustedIssuers.some(({ issuer }) => issuer === own)) {
    reader.complain('KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS', 'names the issuer that Keyturn is itself, for which nobody else signs');
  }
}

function uri(value: string): string {
  if (!URL.canParse(value) || !/^[!-~]{1,512}$/.test(value)) throw new Expected('an absolute URI of at most 512 visible ASCII characters');
  return value;
}

const LIST = 'a JSON list of {"issuer","public_key"}, each public_key an Ed25519 key as PEM, JWK or 43 characters of base64url';

function trustedIssuers(value: string): TrustedIssuerSetting[] {
  return jsonList(value, LIST).map(({ issuer, public_key: text, ...others }) => {
    const publicKey = typeof text === 'string' ? parseIdentityKey(text) : undefined;
    const isSound = typeof issuer === 'string' && issuer !== '' && issuer.length <= 512 && Object.keys(others).length === 0;
    if (!isSound || publicKey === undefined) throw new Expected(LIST);
    return { issuer, publicKey };
  });
}
