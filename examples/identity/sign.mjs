// Signs claims with an identity key, which is made the first time:
//   node sign.mjs KEY_FILE [CLAIMS_AS_JSON]
// Prints the JWT; without claims the name of the key, which is its public half.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [file, claims] = process.argv.slice(2);
if (!existsSync(file)) writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
const key = createPrivateKey(readFileSync(file));
const sub = createPublicKey(key).export({ format: 'jwk' }).x;
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const payload = { sub, iat: Math.floor(Date.now() / 1000), ...JSON.parse(claims ?? '{}') };
const signed = `${base64url({ typ: 'JWT', alg: 'Ed25519', kid: sub })}.${base64url(payload)}`;
console.log(claims === undefined ? sub : `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`);
