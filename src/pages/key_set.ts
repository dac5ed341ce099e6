import type { Log } from '../log.ts';
import type { Page } from '../transport/rest/handler.ts';
import { Unavailable } from '../unavailable.ts';

/** How long others may keep the keys, seconds. */
const MOST_AGE = 60;

/** Where the keys are shown by which others check what Keyturn has signed. */
export const KEY_SET_PATH = '/.well-known/jwks.json';

/**
 * The keys as a JSON Web Key Set (RFC 7517 section 5, RFC 8037 section 2). It names no algorithm, because libraries have
 * two words for it, `Ed25519` and `EdDSA`, and pass over a key with the other one.
 */
export function keySetPage(keys: () => Promise<readonly string[]>, log: Log): Page {
  return async () => {
    try {
      const set = { keys: (await keys()).map((x) => ({ kty: 'OKP', crv: 'Ed25519', x, kid: x, use: 'sig' })) };
      return { status: 200, contentType: 'application/json', body: JSON.stringify(set), cacheControl: `public, max-age=${MOST_AGE}` };
    } catch (error) {
      // Of this one there are enough lines already.
      if (!(error instanceof Unavailable)) log.error({ err: error }, 'the keys of the issuer cannot be read');
      return { status: 503, contentType: 'text/plain; charset=utf-8', body: 'the keys cannot be read now: the database does not answer' };
    }
  };
}
