import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';
import type { FuzzChecker, TokenMaterial } from './material.ts';

/** A GET of a key set with the answer that it must have. */
export interface KeySetCall {
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly status: number;
  /** Undefined: that of a refusal, of which only the code is looked at. */
  readonly body: string | undefined;
  /** The same over gRPC; undefined where only HTTP can say this. */
  readonly message: { readonly deviceId: string; readonly includeRetired: boolean } | undefined;
}

const UNKNOWN_IDS = ['nobody', 'x', 'a'.repeat(128), 'A-1', '-', '~'];
const ODD_SEGMENTS = ['%00', '%ff', '%', '%zz'];
const OTHER_TAGS = ['""', 'W/""', '"x"', 'x', '', ',', ',,,', '"', 'W/', `"${'x'.repeat(4_000)}"`, `${'"a",'.repeat(1_500)}"b"`, `"a"${' '.repeat(6_000)}x`, `${','.repeat(6_000)}"x`, `,"${',"a'.repeat(2_000)}`, 'W/"a", '.repeat(800)];

/** GetDeviceKeySet of any device, by anybody, with any condition. */
export function drawKeySetCall(random: Random, material: TokenMaterial): KeySetCall {
  const checker = random.pick(material.checkers);
  const set = random.pick(material.keySets);
  const headers: (readonly [string, string])[] = checker.authorization === '' ? [] : [['Authorization', checker.authorization]];
  const refusal = refusalOf(checker);
  if (random.oneIn(8)) {
    const segment = random.pick(ODD_SEGMENTS);
    return { target: `/v1/devices/${segment}/jwks.json`, headers, status: 400, body: undefined, message: undefined };
  }
  if (random.oneIn(6)) {
    const id = random.pick(UNKNOWN_IDS);
    return { target: `/v1/devices/${id}/jwks.json`, headers, status: refusal ?? 404, body: undefined, message: { deviceId: id, includeRetired: false } };
  }
  const path = `/v1/devices/${set.deviceId}/jwks.json`;
  if (random.oneIn(8)) {
    const query = random.pick(['x=1', 'device_id=x', 'include_retired=2', 'include_retired=true&include_retired=true', 'include_retired', 'include_retired=%zz', 'includeRetired=true&include_retired=true']);
    return { target: `${path}?${query}`, headers, status: refusal ?? 400, body: undefined, message: undefined };
  }
  const includeRetired = random.oneIn(2);
  const target = includeRetired ? `${path}?${random.pick(['include_retired', 'includeRetired'])}=true` : random.pick([path, `${path}?include_retired=false`]);
  const message = { deviceId: set.deviceId, includeRetired };
  if (refusal !== undefined) return { target, headers, status: refusal, body: undefined, message };
  const body = includeRetired ? set.all : set.current;
  const condition = random.oneIn(2) ? matching(random, body) : random.pick(OTHER_TAGS);
  const isMatched = condition === '*' || condition.includes(tagOf(body));
  if (random.oneIn(3)) return { target, headers, status: checker.may === 'other project' ? 404 : 200, body: checker.may === 'other project' ? undefined : body, message };
  const all = [...headers, ['If-None-Match', condition] as const];
  if (checker.may === 'other project') return { target, headers: all, status: 404, body: undefined, message };
  return { target, headers: all, status: isMatched ? 304 : 200, body: isMatched ? '' : body, message };
}

/** A condition that names the answer's tag, RFC 9110 section 13.1.2. */
function matching(random: Random, body: string): string {
  const tag = tagOf(body);
  return random.pick([tag, `W/${tag}`, '*', `"a", ${tag}`, `${tag},"a"`, `"a,b" ,\t W/${tag} , "c"`, `${'"a", '.repeat(500)}${tag}`]);
}

function tagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

/** By who asks alone. */
function refusalOf({ may }: FuzzChecker): number | undefined {
  if (may === 'unknown') return 401;
  return may === 'nothing' ? 403 : undefined;
}
