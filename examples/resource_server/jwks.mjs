// A gateway that takes the authentication JWTs of devices and verifies them by the keys that Keyturn publishes:
//   ACCESS_KEY_FILE=access_key.json node jwks.mjs
// Settings: PORT, KEYTURN_URL, KEEP_SECONDS. A JWT must have an `exp`, at most five minutes ahead, so that all that were
// used can be remembered. It cannot know what has changed at Keyturn while it keeps a key (a device was frozen or removed,
// or has a new key), which scopes a device has, or whether a JWT was used elsewhere, or here before its own start. Where
// that matters, DeviceTokenService.VerifyDeviceJwt decides in its place.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';

const { PORT = '9001', KEYTURN_URL = 'http://127.0.0.1:8080', ACCESS_KEY_FILE = 'access_key.json', KEEP_SECONDS = '30' } = process.env;
const { access_key: accessKey, secret_key: secretKey } = JSON.parse(readFileSync(ACCESS_KEY_FILE, 'utf8'));
const headers = { authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` };
const ALGORITHMS = ['ES256']; // those of KEYTURN_IOTHENTIX_ALGORITHMS, never what a JWT asks for
const MOST = { seconds: 300, devices: 10_000, fetches: 64, jtis: 100_000, jtisOfDevice: 200 };
const OTHER_KEY = new Set(['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'ERR_JWKS_NO_MATCHING_KEY']);
const keySets = new Map(); // by device id
const fetches = new Map(); // those under way, by device id
const spent = new Map(); // until when to remember a JWT, by its device id and jti
const counts = new Map(); // how many of those there are, by device id
class Unavailable extends Error {}

/** For as long as Keyturn allows, by a clock that nobody sets; `retryAt` is when a JWT that does not verify may make it ask again. */
async function fetchKeys(deviceId, retryAt) {
  const asked = performance.now();
  const options = { headers, redirect: 'error', signal: AbortSignal.timeout(2000) };
  const response = await fetch(`${KEYTURN_URL}/v1/devices/${deviceId}/jwks.json`, options);
  if (response.status !== 200 && response.status !== 404) throw new Error(`it answers ${response.status}`);
  const keys = createLocalJWKSet(response.status === 200 ? await response.json() : { keys: [] });
  const maxAge = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control'))?.[1] ?? 0);
  keySets.delete(deviceId);
  if (response.status === 200) keySets.set(deviceId, { keys, retryAt, until: asked + Math.min(maxAge, KEEP_SECONDS) * 1000 });
  if (keySets.size > MOST.devices) keySets.delete(keySets.keys().next().value);
  return keys;
}

/** One fetch for all who wait for the keys of a device; `kept` are those before, if it is none that anybody may have made up. */
function newKeys(deviceId, kept) {
  if (fetches.has(deviceId)) return fetches.get(deviceId);
  if (kept === undefined && fetches.size >= MOST.fetches) throw new Unavailable('too many new devices at once');
  const fetching = fetchKeys(deviceId, kept?.retryAt ?? 0).catch((error) => {
    throw new Unavailable(`no keys from Keyturn: ${error.cause?.message ?? error.message}`);
  });
  fetches.set(deviceId, fetching.finally(() => fetches.delete(deviceId)));
  return fetches.get(deviceId);
}

/** With the keys that are kept; if it does not verify with those, with new ones, for which a device costs one fetch a second. */
async function verify(jwt, deviceId) {
  const options = { algorithms: ALGORITHMS, subject: deviceId, requiredClaims: ['exp'] };
  const kept = keySets.get(deviceId);
  if (kept === undefined || !(performance.now() < kept.until)) return jwtVerify(jwt, await newKeys(deviceId, kept), options);
  try {
    return await jwtVerify(jwt, kept.keys, options);
  } catch (error) {
    if (!OTHER_KEY.has(error.code)) throw error;
    const latest = keySets.get(deviceId);
    if (latest !== undefined && latest !== kept) return jwtVerify(jwt, latest.keys, options);
    if (performance.now() < kept.retryAt && !fetches.has(deviceId)) throw error;
    kept.retryAt = performance.now() + 1000;
    return jwtVerify(jwt, await newKeys(deviceId, kept), options);
  }
}

function forget(name) {
  const [deviceId] = name.split(' ');
  const left = counts.get(deviceId) - 1;
  if (left > 0) counts.set(deviceId, left); else counts.delete(deviceId);
  spent.delete(name);
}

/** A JWT counts once here: what is too old to be sent again is forgotten, and nothing else is. */
function spend({ jti, exp }, deviceId) {
  const now = Date.now() / 1000;
  const name = `${deviceId} ${jti.toLowerCase()}`;
  for (const [each, until] of spent) if (until < now) forget(each); else break;
  const count = counts.get(deviceId) ?? 0;
  if (exp > now + MOST.seconds) throw new Error('it counts for too long');
  if (spent.has(name)) throw new Error('it was used before');
  // One device must not take the room of all.
  if (spent.size >= MOST.jtis || count >= MOST.jtisOfDevice) throw new Unavailable('too many JWTs');
  spent.set(name, now + MOST.seconds);
  counts.set(deviceId, count + 1);
}

/** The device that has signed the JWT of an authorization value. */
async function signerOf(authorization) {
  const jwt = authorization.replace(/^bearer /i, '');
  if (jwt.length > 8192) throw new Error('it is too long');
  const { typ, kid, ...others } = decodeProtectedHeader(jwt);
  if (typ !== 'JWT' || typeof kid !== 'string' || !/^(?!\.{1,2}$)[\w.-]{1,128}$/.test(kid)) throw new Error('it is not of a device');
  if (['crit', 'jwk', 'jku', 'x5c', 'x5u'].some((name) => name in others)) throw new Error('it brings its own key');
  const { payload } = await verify(jwt, kid);
  if (typeof payload.jti !== 'string' || !/^[0-9a-f]{32,64}$/i.test(payload.jti)) throw new Error('it has no jti');
  if ('public_key' in payload) throw new Error('it is for a key update');
  spend(payload, kid);
  return kid;
}

const server = createServer(async ({ headersDistinct: { authorization = [] } }, response) => {
  const answer = (status, body, more) => response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
  try {
    answer(200, { device: await signerOf(authorization.length === 1 ? authorization[0] : '') });
  } catch (error) {
    // Whatever goes wrong, nobody comes in.
    console.error(`a JWT is refused: ${error.message}`);
    if (error instanceof Unavailable) answer(503, { error: 'try again later' }, { 'retry-after': '1' });
    else answer(401, { error: 'the JWT does not count' }, { 'www-authenticate': 'Bearer realm="gateway", error="invalid_token"' });
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`ready on http://127.0.0.1:${server.address().port}`));
