// Checks a countersigned JWT as a relying party does, by the keys that its issuer publishes:
//   node verify.mjs JWT [ISSUER]
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwt, issuer = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const { payload } = await jwtVerify(jwt, keys, { issuer, algorithms: ['Ed25519', 'EdDSA'], requiredClaims: ['sub', 'exp'] });
console.log(`${payload.sub} holds ${payload[payload.scope]} until ${new Date(payload.exp * 1000).toISOString()}`);
