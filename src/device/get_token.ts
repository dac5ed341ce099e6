import { candidatesOf } from './candidates.ts';
import { DeviceError } from './device_error.ts';
import { requireDeviceId } from './device_id.ts';
import type { Target } from './exchange.ts';
import { FIRST_PAUSE, Link } from './link.ts';
import { StoreReader } from './store_reader.ts';
import { signTokenRequest } from './token_request.ts';
import type { IssuedToken } from './token_request.ts';
import type { Refusal } from './verdict.ts';
export { DeviceError } from './device_error.ts';

export interface TokenOptions {
  readonly target: Target;
  /** 1 to 128 characters of A-Za-z0-9._- */
  readonly deviceId: string;
  /** Holds the current private key as PKCS#8 PEM, mode 0600; or so it is believed. */
  readonly keyFile: string;
  /** What rotations remember; may be missing. */
  readonly stateFolder: string;
  /** Scope words joined by single spaces, at most 1024 characters; unset: all that the device may have. */
  readonly scope?: string | undefined;
  /** How long a JWT is good for, seconds. */
  readonly lifetime: number;
  /** For all requests together, milliseconds. */
  readonly timeout: number;
  /** The first pause between two tries, milliseconds. */
  readonly firstPause?: number;
  /** This machine's clock, milliseconds since 1970. */
  readonly now?: () => number;
}

/** How often the keys are read and tried, if there is a reason to. */
const MOST_ROUNDS = 3;

/**
 * Gets an access token with the key that the service has (contracts/iothentix.md 8.1). After a rotation of unknown
 * outcome, tries the keys in the order of docs/rotate.md; a key that is not the current one changes nothing. Changes no
 * file and takes no lock, so it works while a rotation is under way: what that replaces meanwhile is read again. Throws
 * a DeviceError.
 */
export async function getToken(options: TokenOptions): Promise<IssuedToken> {
  const { target, deviceId, keyFile, stateFolder, scope, lifetime, timeout, firstPause = FIRST_PAUSE, now = Date.now } = options;
  requireDeviceId(deviceId);
  const reader = new StoreReader(keyFile, stateFolder);
  const link = new Link({ target, timeout, firstPause, checkpoint: () => {}, now });
  const tried = new Set<string>();
  for (let round = 1, ended = false; ; round += 1) {
    const { found, current } = reader.read(deviceId);
    const isWorthwhile = ended || found.keys.some(({ thumbprint }) => !tried.has(thumbprint));
    if (round > MOST_ROUNDS || !isWorthwhile) throw unaccepted(deviceId, ended, link.trace);
    ended = false;
    for (const key of candidatesOf(found, current)) {
      tried.add(key.thumbprint);
      let exp = 0;
      const answer = await link.token(() => {
        exp = Math.floor(link.now() / 1000) + lifetime;
        return signTokenRequest(deviceId, key, exp, scope);
      });
      if (typeof answer === 'object') return answer;
      if (answer !== 'unauthorized') throw refused(deviceId, answer, link.trace);
      // By the clock of the service, which is known only now.
      ended ||= exp * 1000 <= link.now();
    }
  }
}

function refused(deviceId: string, refusal: Refusal, trace: string): DeviceError {
  const why = refusal === 'malformed'
    ? 'it cannot read the request; look at --scope'
    : `${deviceId} is frozen, or may not have every scope that was asked for; ask the operator`;
  return new DeviceError('refused', `the service has refused a token: ${why}${trace}`);
}

function unaccepted(deviceId: string, ended: boolean, trace: string): DeviceError {
  if (ended) return new DeviceError('failed', `every JWT had ended when the service saw it: set the clock, or give a larger --exp${trace}`);
  const message = `the service accepts none of the keys of ${deviceId}: it does not know the device, or has a key that was not made here; give --state as for keyturn rotate, or ask the operator`;
  return new DeviceError('refused', `${message}${trace}`);
}
