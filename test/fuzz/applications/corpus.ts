import { createHmac } from 'node:crypto';
import { sign } from '../../support/signer.ts';
import type { Credentials } from '../../support/signer.ts';
import type { Draft } from '../corpus.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';

/** What the callers of a run prove themselves with. */
export interface Material {
  readonly credentials: Credentials;
  /** With a list of few actions. */
  readonly limited: Credentials;
  readonly token: string;
  readonly operatorToken: string;
  /** The body of a request for a token. */
  readonly tokenRequest: string;
}

/** A call of the API for applications; `*` in a path is a device. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly queries: readonly string[];
  readonly bodies: readonly string[];
}

const HOST = 'fuzz.example:80';
const D = '/v5/iot/default/devices';
const HOUR = '2026010203';
const DEVICES = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'p1_n1', 'none', 'D0', 'a.b', 'x'.repeat(128), 'x'.repeat(129), '%64%30', 'd%00', '\u00e9', '*', '~'];
const ODD = ['null', '[]', '"x"', '1', '', ' ', '{', '{"a":1,"a":2}', '{"secret":null}', `${'['.repeat(70)}${']'.repeat(70)}`, '{"__proto__":{}}', '"\\ud800"', '{"secret_type":0}'];
const SECRETS = ['"good-secret_1"', '""', '"short"', '"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"', '"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"', '12345678', `"${'a'.repeat(33)}"`, '"\\ud83d12345678"'];
const NAMES = ['"n1"', '"n2"', '"\u8bbe\u5907"', '"a\\u0000b"', '"\\udc00"', `"${'x'.repeat(257)}"`, '7', '{}', '"_?\'#().,&%@!-"'];

const OPERATIONS: readonly Operation[] = [
  { method: 'POST', path: `${D}/*/action`, queries: ['action_id=resetSecret', 'action_id=resetSecret', 'action_id=x', '', 'action_id=resetSecret&action_id=resetSecret', 'action_id=resetSecret&project_id=x', 'action_id=%FF'],
    bodies: ['{}', '', ...SECRETS.map((secret) => `{"secret":${secret}}`), '{"secret_type":"SECONDARY","force_disconnect":true}', '{"secret_type":"x"}', '{"force_disconnect":"true"}', '{"unknown":{"a":[1]}}', ...ODD] },
  { method: 'POST', path: D, queries: ['', 'x=1'], bodies: [
    ...NAMES.map((name) => `{"node_id":"n1","product_id":"p1","device_name":${name}}`), '{"node_id":"n1","product_id":"p1","device_id":"d7","gateway_id":"d0"}',
    '{"node_id":"n3","product_id":"p1","auth_info":{"auth_type":"CERTIFICATES","fingerprint":"dc0f1016f495157344ac5f1296335cff725ef22f"}}',
    '{"node_id":"n4","product_id":"p1","auth_info":{"timeout":2147483648,"secure_access":1}}', '{"node_id":"n5","product_id":"p1","auth_info":{"timeout":-1}}',
    '{"node_id":"n6","product_id":"p1","extension_info":{"a":{"b":[null,1e400,"\\u0000"]}},"shadow":[{"service_id":"s","desired":{"x":1}}]}', '{"node_id":"n7","product_id":"p1","app_id":"none"}', ...ODD] },
  { method: 'GET', path: D, queries: ['', 'limit=50&offset=500', 'limit=0', 'limit=x', 'marker=ffffffffffffffffffffffff', 'marker=x', 'device_name=%00', 'device_name=%F0%9F%98%80', 'start_time=20260102T030405Z&end_time=20250102T030405Z',
    'start_time=x', 'is_cascade_query=true&gateway_id=d0', 'is_cascade_query=maybe', 'app_id=none', 'offset=-1', 'limit=1&limit=2', 'limit=99999999999999999999', 'product_id=p1&node_id=n1'], bodies: [''] },
  { method: 'GET', path: `${D}/*`, queries: ['', 'a=b'], bodies: [''] },
  { method: 'PUT', path: `${D}/*`, queries: [''], bodies: [...NAMES.map((name) => `{"device_name":${name}}`), '{"extension_info":[]}', '{"extension_info":{}}', '{"auth_info":{"timeout":0,"secret":"x"}}', ...ODD] },
  { method: 'DELETE', path: `${D}/*`, queries: [''], bodies: ['', '{}'] },
  { method: 'POST', path: `${D}/*/freeze`, queries: [''], bodies: ['', '{}', ...ODD] },
  { method: 'POST', path: `${D}/*/unfreeze`, queries: [''], bodies: ['', '{}'] },
  { method: 'POST', path: `${D}/*/reset-fingerprint`, queries: [''], bodies: ['{}', '', '{"fingerprint":"dc0f1016f495157344ac5f1296335cff725ef22f"}', '{"fingerprint":"x"}', '{"fingerprint_type":"SECONDARY","force_disconnect":true}', ...ODD] },
  { method: 'GET', path: '/v3/projects', queries: ['', 'name=default', 'name=%00', 'name=a&name=b', 'page=1&x=y'], bodies: ['', '{}'] },
];
const KEYS = ['"8e03978e-40d5"', 'bare', '', '"', '""', 'x'.repeat(255), 'x'.repeat(256), '"a"b"', 'a b', '"again"', 'again'];

/** Requests as clients of applications and devices send them, nearly all of them with a proof that holds. */
export function applicationDrafts(material: Material): (random: Random) => Draft {
  return (random) => {
    if (random.oneIn(8)) return draft('POST', '/v5/device-auth', deviceAuthBody(random));
    // A password takes its time to be checked.
    if (random.oneIn(60)) return draft('POST', '/v3/auth/tokens', random.oneIn(3) ? material.tokenRequest : mutateText(random, material.tokenRequest));
    if (random.oneIn(4)) return proved(random, goodDraft(random), material);
    const { method, path, queries, bodies } = random.pick(OPERATIONS);
    const query = random.pick(queries);
    const odd = random.oneIn(12) ? mutateText(random, random.pick(bodies)) : random.pick(bodies);
    const project = random.oneIn(30) ? random.pick(['other', '%00', 'x'.repeat(300), '%E9', '*']) : 'default';
    const place = path.replace('default', project).replace('*', random.pick(DEVICES).replace(/[^ -~]/g, encodeURIComponent));
    const made = draft(method, query === '' ? place : `${place}?${query}`, odd);
    if (random.oneIn(12)) made.headers.push(['Instance-Id', 'x']);
    if (path.endsWith('action') && random.oneIn(3)) made.headers.push(['Idempotency-Key', random.pick(KEYS)]);
    return proved(random, made, material);
  };
}

/** What keeps devices there, and their secrets known. */
function goodDraft(random: Random): Draft {
  const id = `d${random.below(8)}`;
  if (random.oneIn(3)) return draft('POST', `${D}/${id}/action?action_id=resetSecret`, random.pick(['{"secret":"good-secret_1"}', '{"secret_type":"SECONDARY"}', '{}']));
  if (random.oneIn(4)) return draft('POST', `${D}/${id}/unfreeze`, '');
  return draft('POST', D, `{"device_id":"${id}","node_id":"${id}","product_id":"p1","auth_info":{"auth_type":"SECRET","secret":"good-secret_1"}}`);
}

function draft(method: string, target: string, body: string): Draft {
  const headers: [string, string][] = [['Host', HOST]];
  if (body !== '') headers.push(['Content-Type', 'application/json']);
  return { method, target, version: 'HTTP/1.1', headers, body, chunks: undefined };
}

function deviceAuthBody(random: Random): string {
  const password = createHmac('sha256', HOUR).update('good-secret_1').digest('hex');
  const device = JSON.stringify(random.pick(['d0', 'd1', 'none', '', 'a\0b', 7]));
  const timestamp = JSON.stringify(random.pick([HOUR, HOUR, '2026130203', '0', 2_026_010_203]));
  const type = JSON.stringify(random.pick([0, 0, 1, 2, '0', 0.5, null]));
  const body = `{"device_id":${device},"sign_type":${type},"timestamp":${timestamp},"password":"${random.oneIn(4) ? 'x' : password}"}`;
  return random.oneIn(6) ? mutateText(random, body) : random.oneIn(20) ? random.pick(ODD) : body;
}

function proved(random: Random, made: Draft, material: Material): Draft {
  const { headers } = made;
  switch (random.below(8)) {
    case 0:
      headers.push(['X-Auth-Token', random.pick([material.token, material.token.slice(1), '', 'x'])]);
      break;
    case 1:
    case 2:
      headers.push(['X-Auth-Token', material.operatorToken]);
      break;
    case 3:
      headers.push(['X-Auth-Token', material.token]);
      break;
    default:
      signDraft(made, random.oneIn(6) ? material.limited : material.credentials, random.oneIn(2));
  }
  return made;
}

/** A path that cannot be decoded is signed by no client, and goes without. */
function signDraft({ method, target, headers, body }: Draft, credentials: Credentials, isDerived: boolean): void {
  const [path = '', query = ''] = target.split('?');
  try {
    const pairs = query.split('&').filter((pair) => pair !== '').map((pair) => pair.split('=').map(decodeURIComponent));
    const scope = isDerived ? { region: 'r-1', service: 'iotdm' } : undefined;
    const all = { method, path, query: pairs.map(([name = '', value = '']) => [name, value] as const), headers, body: Buffer.from(body), date: new Date(), scope };
    headers.push(...(Object.entries(sign(credentials, all)) as [string, string][]));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
}
