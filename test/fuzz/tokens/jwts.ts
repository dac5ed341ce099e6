import { randomBytes } from 'node:crypto';
import { compactOf, encode, newJti, secondSpelling } from '../../wire/jwt.ts';
import type { Draft } from '../../wire/jwt.ts';
import type { Random } from '../random.ts';
import { openPrivateKey } from './material.ts';
import type { FuzzDevice, TokenMaterial } from './material.ts';

/** What is sent as proof, and whether it is one. `make` gives a fresh one each time, for a JWT counts once. */
export interface Proof {
  readonly make: () => readonly string[];
  readonly isGood: boolean;
}

type Edit = (draft: Draft, random: Random) => void;

const OTHERS: readonly unknown[] = [null, true, 0, 1.5, '', 'x', [], {}, ['x'], 'x'.repeat(2_000), '\u0000', '\u00e9'];

/** Changes after which a JWT is still as good. */
const HARMLESS: readonly Edit[] = [
  ({ payload }) => void (payload['exp'] = 4_000_000_000),
  ({ payload }) => void (payload['nbf'] = 1_000.5),
  ({ payload }, random) => void (payload[random.pick(['iss', 'aud', 'iat', 'scope', '__proto__', 'toString'])] = random.pick(OTHERS)),
  ({ payload }) => void (payload['jti'] = String(payload['jti']).toLowerCase()),
  ({ payload }) => void (payload['jti'] = randomBytes(32).toString('hex')),
  ({ payload }) => void (payload['jti'] = `${String(payload['jti'])}a`),
  (draft) => void (draft.header = { kid: draft.header['kid'], typ: 'JWT', alg: 'ES256' }),
  ({ header }, random) => void (header[random.pick(['cty', 'zip', 'x'])] = random.pick(OTHERS)),
  ({ header }) => void (header['b64'] = true),
  (draft) => void (draft.payloadText = ` ${JSON.stringify(draft.payload)}\r\n\t`),
];

/** Changes after which it is none. */
const DEADLY: readonly Edit[] = [
  ({ header }, random) => void (header['alg'] = random.pick(['none', 'None', 'HS256', 'RS256', 'ES384', 'EdDSA', 'es256', '', null, 7, ['ES256']])),
  ({ header }, random) => void (header['typ'] = random.pick(['jwt', 'at+jwt', '', null, undefined, 1])),
  ({ header }, random) => void (header['kid'] = random.pick(['', 'a b', 'x'.repeat(129), null, undefined, 7, ['x'], '../x', 'a\u0000'])),
  ({ payload }, random) => void (payload['sub'] = random.pick(['x', '', null, undefined, 7, [payload['sub']]])),
  ({ header }, random) => void (header[random.pick(['crit', 'jwk', 'jku', 'x5c', 'x5u'])] = random.pick(OTHERS)),
  ({ header }, random) => void (header['b64'] = random.pick([false, null, 'true'])),
  ({ payload }, random) => void (payload['jti'] = random.pick(['', 'x'.repeat(32), 'a'.repeat(31), 'a'.repeat(65), null, undefined, 7, ['a'.repeat(32)], `${'a'.repeat(31)}\u0430`])),
  ({ payload }, random) => void (payload['exp'] = random.pick([0, -1, 1_000, '4000000000', null, [], {}])),
  ({ payload }, random) => void (payload['nbf'] = random.pick([4_000_000_000, 1e300, '0', null, []])),
  ({ payload }, random) => void (payload['public_key'] = random.pick([...OTHERS, 'MFkw'])),
  (draft) => void (draft.editSignature = (part) => part.slice(0, -2)),
  (draft) => void (draft.editSignature = (part) => `${part}=`),
  (draft) => void (draft.editSignature = secondSpelling),
  (draft) => void (draft.editHeader = (part) => `${part}=`),
  (draft, random) => void (draft.signature = random.pick([Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.alloc(0), Buffer.alloc(63, 1), Buffer.alloc(72, 0x30)])),
  (draft) => void (draft.editSignature = (part) => `${part}.${part}`),
  (draft) => void (draft.headerText = JSON.stringify(draft.header).replace('{', '{"alg":"ES256",')),
  (draft) => void (draft.payloadText = JSON.stringify(draft.payload).replace('{', `{"sub":"${String(draft.payload['sub'])}",`)),
  (draft, random) => void (draft.payloadText = oddJson(random, JSON.stringify(draft.payload))),
  (draft, random) => void (draft.headerText = oddJson(random, JSON.stringify(draft.header))),
  (draft) => void (draft.payload['x'] = 'y'.repeat(8_000)),
];

const SCHEMES = ['', '', '', 'Bearer ', 'bearer ', 'BEARER ', 'bEaReR '];
const ODD_SCHEMES = ['Bearer  ', 'Basic ', 'JWT ', 'DPoP ', 'Bearer,', 'Bearer Bearer ', '"'];
const ODD_TEXTS = ['', '.', '..', '...', 'a.b.c', 'Bearer', 'null', '{}', 'Bearer '.repeat(1_000).trim(), '.'.repeat(8_192), 'A'.repeat(8_193), `${'A'.repeat(2_700)}.${'A'.repeat(2_700)}.${'A'.repeat(2_700)}`, `a${' '.repeat(6_000)}a`];

/** What two readers may read in two ways, or that takes its time; never one JSON object alone. */
function oddJson(random: Random, text: string): string {
  return random.pick([`${text}x`, `\ufeff${text}`, `[${text}]`, text.replaceAll('"', "'"), text.slice(0, -1), 'null', '""', '', `{"a":${'['.repeat(1_500)}${']'.repeat(1_500)}}`, `{${Array.from({ length: 500 }, () => '"m":1').join(',')}}`, `${text.slice(0, -1)},"\\ud800":1}`, `${text.slice(0, -1)},"x":"\u0001"}`]);
}

/** A proof of a device, about half of them good. */
export function drawJwt(random: Random, material: TokenMaterial, device: FuzzDevice): Proof {
  if (random.oneIn(2)) return goodJwt(random, device);
  if (random.oneIn(6)) return textual(random.pick(ODD_TEXTS));
  if (random.oneIn(12)) return { make: () => [], isGood: false };
  if (random.oneIn(8) && material.spent.length > 0) return spentJwt(random, material);
  if (random.oneIn(5)) return foreignJwt(random, material, device);
  const scheme = random.oneIn(8) ? random.pick(ODD_SCHEMES) : random.pick(SCHEMES);
  if (ODD_SCHEMES.includes(scheme)) return { make: () => [scheme + signed(random, device.id, device.pkcs8, [])], isGood: false };
  if (random.oneIn(12)) return { make: () => [1, 2].map(() => signed(random, device.id, device.pkcs8, [])), isGood: false };
  // What kills comes last, and must not be written over.
  const edits = [...(random.oneIn(4) ? [random.pick(HARMLESS.slice(0, -1))] : []), random.pick(DEADLY)];
  return { make: () => [scheme + signed(random, device.id, device.pkcs8, edits)], isGood: false };
}

/** One that is accepted from a device that is not frozen. */
export function goodJwt(random: Random, device: FuzzDevice): Proof {
  const edits = random.oneIn(2) ? [random.pick(HARMLESS)] : [];
  const scheme = random.pick(SCHEMES);
  return { make: () => [scheme + signed(random, device.id, device.pkcs8, edits)], isGood: true };
}

/** As it was, or with its jti in the other case, or spent by another device's name. */
function spentJwt(random: Random, { spent, devices }: TokenMaterial): Proof {
  const { jwt, jti, deviceId } = random.pick(spent);
  const owner = devices.find(({ id }) => id === deviceId);
  if (owner === undefined || random.oneIn(2)) return textual(jwt);
  return { make: () => [signed(random, owner.id, owner.pkcs8, [({ payload }) => void (payload['jti'] = random.pick([jti.toLowerCase(), jti.toUpperCase()]))])], isGood: false };
}

/** Signed by a key that is not the device's, in the name of somebody. */
function foreignJwt(random: Random, { dead, devices, guarded }: TokenMaterial, device: FuzzDevice): Proof {
  const { id, pkcs8 } = random.pick(dead);
  const other = random.pick(devices.filter((one) => one.id !== device.id));
  const [name, key] = random.pick([[id, pkcs8], [device.id, pkcs8], [random.pick(guarded), device.pkcs8], [device.id, other.pkcs8], ['nobody', device.pkcs8]] as const);
  return { make: () => [signed(random, name, key, [])], isGood: false };
}

function textual(text: string): Proof {
  return { make: () => [text], isGood: false };
}

function signed(random: Random, id: string, pkcs8: string, edits: readonly Edit[]): string {
  const draft: Draft = { header: { alg: 'ES256', typ: 'JWT', kid: id }, payload: { sub: id, jti: newJti() }, signer: openPrivateKey(pkcs8), signAs: 'ES256' };
  for (const edit of edits) edit(draft, random);
  return compactOf(draft);
}

/** A JWT with nothing signed in it, for bytes and bodies. */
export function unsignedJwt(id: string): string {
  return `${encode(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: id }))}.${encode(JSON.stringify({ sub: id, jti: newJti() }))}.${'A'.repeat(86)}`;
}
