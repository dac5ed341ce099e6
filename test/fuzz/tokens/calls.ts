import type { Random } from '../random.ts';
import { drawContent, unreadable } from './bodies.ts';
import type { Content, ContentFault } from './bodies.ts';
import { drawJwt, goodJwt, unsignedJwt } from './jwts.ts';
import type { Proof } from './jwts.ts';
import type { FuzzToken, TokenMaterial } from './material.ts';

/** A refusal of contracts/iothentix.md section 3. */
export type Refused = 'E400' | 'E401' | 'E403';

/** What a call must come to. */
export type Expected =
  | { readonly kind: 'refused'; readonly want: Refused }
  /** A new token of this device with these words. */
  | { readonly kind: 'token'; readonly deviceId: string; readonly scope: string }
  /** Exactly this body over REST. */
  | { readonly kind: 'introspected'; readonly body: string }
  /** VerifyDeviceJwt: undefined shows nothing at all. */
  | { readonly kind: 'verified'; readonly deviceId: string | undefined; readonly active: boolean };

export type TokenMethod = 'issueToken' | 'renewToken' | 'introspectToken' | 'verifyDeviceJwt';

/** One call with the answer that it must have. */
export interface TokenCall {
  readonly method: TokenMethod;
  /** Headers or metadata, fresh each time. */
  readonly headers: () => readonly (readonly [string, string])[];
  /** Undefined: the call is not there over REST. */
  readonly rest: Content['rest'] | undefined;
  /** Undefined: only HTTP can say this. */
  readonly message: (() => Readonly<Record<string, string>>) | undefined;
  readonly expected: Expected;
}

export const REFRESH = 'refresh.token';
export const TARGETS: Readonly<Record<Exclude<TokenMethod, 'verifyDeviceJwt'>, string>> = { issueToken: '/as/token', renewToken: '/as/renew/token', introspectToken: '/idp/introspect' };

/** A call of any kind. */
export function drawCall(random: Random, material: TokenMaterial): TokenCall {
  const draw = random.pick([issuing, issuing, renewing, renewing, introspecting, introspecting, verifying]);
  return draw(random, material);
}

function issuing(random: Random, material: TokenMaterial): TokenCall {
  const device = random.pick(material.devices);
  const proof = drawJwt(random, material, device);
  const content = drawContent(random, { clientId: device.id, allowed: device.scopes }, idsOf(material));
  const expected = (): Expected => {
    if (!proof.isGood) return refused('E401');
    if (device.frozen) return refused('E403');
    return refusalOf(content.fault) ?? { kind: 'token', deviceId: device.id, scope: content.granted.join(' ') };
  };
  return { method: 'issueToken', headers: () => proof.make().map((value) => ['authorization', value]), ...sentOf(content), expected: tooLarge(content) ?? expected() };
}

function renewing(random: Random, material: TokenMaterial): TokenCall {
  const token = random.pick(material.tokens);
  const { headers, isGood } = drawHolder(random, token, material);
  const content = drawContent(random, { clientId: token.deviceId, allowed: token.firstScopes }, idsOf(material));
  const { fault, granted } = content;
  const expected = (): Expected => {
    if (!isGood || !token.counts || token.isOfSecret) return refused('E401');
    if (fault === 'malformed' || fault === 'mismatch') return refused(fault === 'malformed' ? 'E400' : 'E401');
    if (!token.scopes.includes(REFRESH) || fault === 'scope' || token.isExhausted) return refused('E403');
    return { kind: 'token', deviceId: token.deviceId, scope: granted.join(' ') };
  };
  return { method: 'renewToken', headers: () => headers, ...sentOf(content), expected: tooLarge(content) ?? expected() };
}

/** A token in the headers, in one of the ways in which it may be sent, or wrongly. */
function drawHolder(random: Random, { text }: FuzzToken, { tokens }: TokenMaterial): { headers: readonly (readonly [string, string])[]; isGood: boolean } {
  const name = random.pick(['authorization', 'authorization', 'authorisation']);
  const scheme = random.pick(['', '', 'Bearer ', 'bEARER ']);
  const other = tokens.find((one) => one.text !== text)?.text ?? 'x';
  switch (random.below(12)) {
    case 0:
      return { headers: [], isGood: false };
    case 1:
      return { headers: [['authorization', text], ['authorisation', other]], isGood: false };
    case 2:
      return { headers: [['authorization', text], ['authorisation', text]], isGood: true };
    case 3:
      return { headers: [[name, text], [name, text]], isGood: false };
    case 4:
      return { headers: [[name, random.pick([`Bearer  ${text}`, `Basic ${text}`, `${text}=`, text.slice(0, -1), `${text}A`, text.replace('.', ''), text.toUpperCase(), 'x', '.', 'A'.repeat(7_000), 'Bearer '.repeat(900).trim(), `a${' '.repeat(6_000)}a`])]], isGood: false };
    default:
      return { headers: [[name, scheme + text]], isGood: true };
  }
}

function introspecting(random: Random, material: TokenMaterial): TokenCall {
  const { authorizations, isGood } = drawClient(random, material);
  const token = random.pick(material.tokens);
  const text = random.oneIn(4) ? random.pick(['x', 'a\u0000', `${token.text}\u0000`, `${token.text} `, ` ${token.text}`, token.text.toUpperCase(), token.text.slice(0, -1), 'a'.repeat(4_096), '\u00e9', '.', `Bearer ${token.text}`, unsignedJwt(token.deviceId), '\ufffd'.repeat(500)]) : token.text;
  const content = random.oneIn(6) ? unreadable(random) : random.oneIn(8) ? malformedToken(random) : tokenContent(random, text);
  const answer: Expected = { kind: 'introspected', body: text === token.text ? token.introspected : '{"active":false}' };
  const expected = isGood ? (refusalOf(content.fault) ?? answer) : refused('E401');
  return { method: 'introspectToken', headers: () => authorizations.map((value) => ['authorization', value]), ...sentOf(content), expected: tooLarge(content) ?? expected };
}

function tokenContent(random: Random, token: string): Content {
  // No form says U+0000, which may be in a token.
  const isForm = random.oneIn(3) && !token.includes('\0');
  const rest = isForm ? { type: 'application/x-www-form-urlencoded', body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString() } : { type: 'application/json', body: JSON.stringify({ token, extra: random.pick([null, 1, {}]) }) };
  return { rest, message: { token }, fault: undefined, granted: [] };
}

function malformedToken(random: Random): Content {
  const token = random.pick(['', 'a'.repeat(4_097), undefined, null, 7, ['x'], {}]);
  const message = typeof token === 'string' ? { token } : token === undefined || token === null ? { token: '' } : undefined;
  return { rest: { type: 'application/json', body: JSON.stringify({ token }) }, message, fault: 'malformed', granted: [] };
}

/** Checks of wrong passwords take their time, so there are few. */
function drawClient(random: Random, { clients }: TokenMaterial): { authorizations: readonly string[]; isGood: boolean } {
  if (random.oneIn(150)) return { authorizations: [random.pick(clients.wrong)], isGood: false };
  switch (random.below(8)) {
    case 0:
      return { authorizations: [random.pick(['Basic', 'basic x', 'Basic  eDp4', 'Basic eA==', 'Basic Og==', 'Basic =', 'Basic e', `Basic ${'A'.repeat(6_000)}`, `Basic ${'A'.repeat(3_000)}=`, `Basic a${' '.repeat(6_000)}a`])], isGood: false };
    case 1:
      return { authorizations: [random.pick(clients.right), random.pick(clients.right)], isGood: false };
    case 2:
      return { authorizations: [random.pick(['Bearer x', 'x', 'Basicx', 'Negotiate e30=', 'Bearer '.repeat(900).trim(), `a${' '.repeat(6_000)}a`])], isGood: true };
    case 3:
    case 4:
      return { authorizations: [random.pick(clients.right)], isGood: true };
    default:
      return { authorizations: [], isGood: true };
  }
}

function verifying(random: Random, material: TokenMaterial): TokenCall {
  const device = random.pick(material.devices);
  const proof = random.oneIn(2) ? goodJwt(random, device) : drawJwt(random, material, device);
  const checker = random.pick(material.checkers);
  const texts = (): string => proof.make()[0] ?? '';
  const isSingle = proof.make().length < 2;
  const expected = (): Expected => {
    if (checker.may === 'unknown') return refused('E401');
    if (checker.may === 'nothing') return refused('E403');
    if (texts() === '') return refused('E400');
    if (!proof.isGood || checker.may === 'other project') return { kind: 'verified', deviceId: undefined, active: false };
    return { kind: 'verified', deviceId: device.id, active: !device.frozen };
  };
  // Two texts are no proof, but each of them alone is.
  const made: Proof = isSingle ? proof : { make: () => ['x'], isGood: false };
  return { method: 'verifyDeviceJwt', headers: () => (checker.authorization === '' ? [] : [['authorization', checker.authorization]]), rest: undefined, message: () => ({ jwt: made.make()[0] ?? '' }), expected: expected() };
}

function sentOf({ rest, message }: Content): Pick<TokenCall, 'rest' | 'message'> {
  return { rest, message: message === undefined ? undefined : () => message };
}

function idsOf({ devices, guarded }: TokenMaterial): readonly string[] {
  return [...devices.map(({ id }) => id), ...guarded];
}

function refused(want: Refused): Expected {
  return { kind: 'refused', want };
}

/** Noticed before anything else. */
function tooLarge({ fault }: Content): Expected | undefined {
  return fault === 'too large' ? refused('E400') : undefined;
}

function refusalOf(fault: ContentFault | undefined): Expected | undefined {
  if (fault === undefined) return undefined;
  if (fault === 'mismatch') return refused('E401');
  return refused(fault === 'scope' ? 'E403' : 'E400');
}
