// The key of a device, which is made the first time, and a JWT by which the device proves itself:
//   node device_jwt.mjs KEY.pem             prints the public key as PEM
//   node device_jwt.mjs KEY.pem DEVICE_ID   prints an authentication JWT that counts once, within a minute
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [file, deviceId] = process.argv.slice(2);
if (!existsSync(file)) writeFileSync(file, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
const key = createPrivateKey(readFileSync(file));
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const payload = { sub: deviceId, jti: randomBytes(16).toString('hex'), exp: Math.floor(Date.now() / 1000) + 60 };
const signed = `${base64url({ alg: 'ES256', typ: 'JWT', kid: deviceId })}.${base64url(payload)}`;
const jwt = `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
console.log(deviceId === undefined ? createPublicKey(key).export({ type: 'spki', format: 'pem' }).trimEnd() : jwt);
