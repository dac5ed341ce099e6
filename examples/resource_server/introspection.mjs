// A resource server that takes the access tokens of devices and asks Keyturn about each of them:
//   node introspection.mjs
// Settings: PORT, KEYTURN_URL, and INTROSPECT_CLIENT=name:password if Keyturn wants to know who asks.
import { createServer } from 'node:http';

const { PORT = '9000', KEYTURN_URL = 'http://127.0.0.1:8080', INTROSPECT_CLIENT } = process.env;
const SCOPE = 'telemetry.write';
const headers = { 'content-type': 'application/json' };
if (INTROSPECT_CLIENT) headers.authorization = `Basic ${Buffer.from(INTROSPECT_CLIENT).toString('base64')}`;

/** What Keyturn knows of a token. Nothing is kept: a frozen device is refused from its next request on. */
async function introspect(token) {
  const body = JSON.stringify({ token });
  const response = await fetch(`${KEYTURN_URL}/idp/introspect`, { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(2000) });
  if (response.status !== 200) throw new Error(`Keyturn answers ${response.status}`);
  return response.json();
}

/** Status, body and challenge (RFC 6750 section 3) of the answer to a request. */
async function answerTo({ headersDistinct: { authorization = [] } }) {
  if (authorization.length === 0) return [401, { error: 'no token' }, 'Bearer realm="telemetry"'];
  const token = authorization.length === 1 ? /^Bearer ([\w.~+/-]{1,4096})$/i.exec(authorization[0])?.[1] : undefined;
  const { active, sub, scope } = token === undefined ? { active: false } : await introspect(token);
  if (active !== true) return [401, { error: 'the token does not count' }, 'Bearer realm="telemetry", error="invalid_token"'];
  if (scope.split(' ').includes(SCOPE)) return [200, { device: sub }];
  return [403, { error: `the token lacks ${SCOPE}` }, `Bearer realm="telemetry", error="insufficient_scope", scope="${SCOPE}"`];
}

const server = createServer(async (request, response) => {
  // Without an answer of Keyturn nobody comes in.
  const [status, body, challenge] = await answerTo(request).catch((error) => {
    console.error(`cannot check a token: ${error.cause?.message ?? error.message}`);
    return [503, { error: 'try again later' }];
  });
  response.writeHead(status, { 'content-type': 'application/json', ...(challenge && { 'www-authenticate': challenge }) });
  response.end(JSON.stringify(body));
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`ready on http://127.0.0.1:${server.address().port}`));
