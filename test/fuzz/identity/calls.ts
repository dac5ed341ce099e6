import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Draft } from '../corpus.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { jwtText } from './jwts.ts';
import type { IdentityMaterial } from './material.ts';

/** One call as both wires can make it: members of the message by their names. */
export interface IdentityCall {
  readonly method: keyof typeof Service;
  readonly request: Readonly<Record<string, string | number>>;
}

/** What the path takes of a message, what is the body, and what goes to the query. */
interface Route {
  readonly http: string;
  readonly body?: 'jwt' | 'code';
  readonly query?: readonly string[];
}

const ROUTES: Readonly<Record<IdentityCall['method'], Route>> = {
  keyRegister: { http: 'POST /key', body: 'jwt' },
  keyRevokeNosecret: { http: 'DELETE /key', query: ['email', 'phone', 'code'] },
  keyRetrieve: { http: 'GET /key/{pk}' },
  keyUpdate: { http: 'POST /key/{pk}', body: 'jwt' },
  keyBind: { http: 'PUT /key/{pk}', body: 'jwt' },
  keyRevoke: { http: 'DELETE /key/{pk}', query: ['secret'] },
  pushLoginRequest: { http: 'POST /login', body: 'jwt', query: ['callback'] },
  signRequest: { http: 'POST /scope', body: 'jwt', query: ['test'] },
  signRetrieve: { http: 'GET /scope/{job}' },
  signConfirm: { http: 'POST /scope/{job}', body: 'code' },
  signUpdate: { http: 'PUT /scope/{job}', body: 'jwt' },
  signDelete: { http: 'DELETE /scope/{job}' },
};
/** With smaller chunks, several bodies in one read would be a torrent, upon which a connection is cut. */
const LEAST_CHUNK = 256;
/** Bytes of a body. A larger one is refused before it is read, and what is sent on meanwhile may cost the answers. */
const MOST_BODY = 16_384;
const METHODS = Object.keys(ROUTES) as IdentityCall['method'][];
const ODD_NAMES = ['x', '.', '..', 'a/b', 'A'.repeat(20), 'A'.repeat(43), 'A'.repeat(44), `${'A'.repeat(42)}B`, '\u00e9', '\u0000', '%', '*', 'x'.repeat(2_000), '-'.repeat(20)];
const CODES = ['000000', '123456', '12345', '1234567', '\u0661\u0662\u0663\u0664\u0665\u0666', '', ' 123456', '12345\u0000', 'x'.repeat(3_000), '1e5555'];
const SECRETS = ['', 'x', 'A'.repeat(43), 'A'.repeat(44), '\u0000', '\u00e9'];
const CALLBACKS = ['https://a.example/', 'https://a.example', 'HTTPS://A.EXAMPLE:443/', 'http://a.example', 'ftp://a.example', '/x', '', 'javascript:1', `https://a.example/${'x'.repeat(3_000)}`, 'https://a.example/\u00e9', 'https://u:p@a.example/'];

/** Calls of every kind, nearly all of them wrong in something. */
export function drawCall(random: Random, material: IdentityMaterial): IdentityCall {
  const { keys, jobs, guarded } = material;
  const method = random.pick(METHODS);
  const { http, body, query = [] } = ROUTES[method];
  const key = random.pick(keys);
  const job = random.pick(jobs);
  const request: Record<string, string | number> = {};
  if (http.endsWith('{pk}')) request['pk'] = random.oneIn(8) ? random.pick([...ODD_NAMES, ...guarded.keys]) : key.pk;
  // Whoever knows a job may delete it; most are to stay.
  const jobNames = method === 'signDelete' && !random.oneIn(200) ? ODD_NAMES : random.oneIn(6) ? [...ODD_NAMES, ...(method === 'signDelete' ? [] : guarded.jobs)] : [job.job];
  if (http.endsWith('{job}')) request['job'] = random.pick(jobNames);
  if (body === 'code') request['code'] = random.oneIn(3) ? job.code : random.pick(CODES);
  if (body === 'jwt') request['jwt'] = method === 'signUpdate' && random.oneIn(2) ? '' : jwtText(random, material, kindOf(method), key);
  for (const name of query) if (!random.oneIn(10)) request[name] = valueOf(random, name, material);
  return { method, request };
}

function kindOf(method: IdentityCall['method']): 'key' | 'scope' | 'login' | 'job' {
  if (method === 'signRequest') return 'scope';
  if (method === 'signUpdate') return 'job';
  return method === 'pushLoginRequest' ? 'login' : 'key';
}

function valueOf(random: Random, name: string, { keys, guarded }: IdentityMaterial): string | number {
  switch (name) {
    case 'email':
      return random.pick([...guarded.emails, 'a@example.com', 'nobody@example.com', 'x', '']);
    case 'phone':
      return random.pick([...guarded.phones, '+31201234567', '+31201234599', 'x', '']);
    case 'secret':
      return random.oneIn(20) ? random.pick(keys).secret : random.pick(SECRETS);
    case 'callback':
      return random.oneIn(2) ? 'https://a.example/' : random.pick(CALLBACKS);
    case 'test':
      return random.below(3) - 1;
    default:
      return random.pick(CODES);
  }
}

/** The call over REST, as a good client sends it. */
export function requestOf({ method, request }: IdentityCall): { method: string; target: string; type: string | undefined; body: string } {
  const { http, body, query = [] } = ROUTES[method];
  const [verb = '', template = ''] = http.split(' ');
  const path = template.replace(/\{(\w+)\}/, (_all, name: string) => escape(request[name] ?? ''));
  const pairs = query.flatMap((name) => (request[name] === undefined ? [] : [`${name}=${escape(request[name])}`]));
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  if (body === 'code') return { method: verb, target, type: 'application/json', body: JSON.stringify({ code: request['code'] }) };
  if (body === 'jwt') return { method: verb, target, type: 'application/jwt', body: String(request['jwt'] ?? '') };
  return { method: verb, target, type: undefined, body: '' };
}

/** Lone surrogates have no bytes. */
function escape(value: string | number): string {
  return encodeURIComponent(String(value).toWellFormed());
}

/** As drafts that may be changed further: a good client's, or with something of HTTP that is odd. */
export function identityDrafts(material: IdentityMaterial): (random: Random) => Draft {
  return (random) => {
    const { method, target, type, body } = requestOf(drawCall(random, material));
    const headers: [string, string][] = [['Host', 'fuzz.example:80']];
    if (type !== undefined) headers.push(['Content-Type', random.oneIn(10) ? random.pick(['application/jwt', 'application/json', 'text/plain', 'Application/JWT; charset=utf-8', 'x']) : type]);
    if (random.oneIn(6)) headers.push(['Accept', random.pick(['application/jwt', 'application/json, */*;q=0', 'application/jwt;q=0.5, application/json;q=0.4', `a${' '.repeat(3_000)}a`, ';,;,', '"'])]);
    const given = random.oneIn(15) ? mutateText(random, body) : body;
    const odd = Buffer.byteLength(given) <= MOST_BODY ? given : '';
    const chunks = random.oneIn(6) ? LEAST_CHUNK + random.below(500) : undefined;
    // A job may be deleted by whoever knows it.
    const isGuarded = material.guarded.jobs.some((job) => target.includes(job));
    const verb = !isGuarded && random.oneIn(20) ? random.pick(['HEAD', 'OPTIONS', 'PATCH', 'GET', 'PUT', 'DELETE', 'POST']) : method;
    return { method: verb, target: random.oneIn(15) ? `${target}${random.pick(['?x=1', '?%zz', '/', '&x=%00', '?jwt=x', '?pk=x'])}` : target, version: 'HTTP/1.1', headers, body: odd, chunks };
  };
}
