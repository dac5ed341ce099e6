import type { TimeClaims } from '../../crypto/identity_jwt.ts';
import { isIdentityKey, readIdentityJwt } from '../../crypto/identity_jwt.ts';
import type { CompactJws } from '../../crypto/jws.ts';
import { ADDRESS_KINDS, normalise } from '../addresses/address.ts';
import type { Address, AddressKind } from '../addresses/address.ts';
import { badRequest } from './refusals.ts';

/** What is read of every JWT of the API: only what is given is there. A claim that a call does not know is ignored (contracts/authentiq.md section 4). */
interface AnyClaims extends TimeClaims {
  readonly jwt: CompactJws;
  readonly sub: string;
}

/** An address, a number, or both. */
interface AddressClaims {
  readonly email: Address | undefined;
  readonly phone: Address | undefined;
}

/** An AuthentiqID. */
export interface AuthentiqId extends AnyClaims, AddressClaims {
  readonly devtoken: string | undefined;
  readonly pk: string | undefined;
  /** JWTs of issuers. */
  readonly scopes: readonly CompactJws[];
}

/** What a job is opened with. */
export interface ScopeClaims extends AnyClaims {
  readonly iss: string | undefined;
  readonly scope: AddressKind;
  /** The claim that the scope names. */
  readonly address: Address;
}

/** What a login is made of. */
export interface PushToken extends AnyClaims {
  readonly iss: string;
  readonly aud: string;
}

const MOST_DEVTOKEN = 4096;
const MOST_SCOPES = 8;
/** As long as a callback, which an audience has to equal; a host of thousands of marks takes milliseconds to be parsed. */
const MOST_URI = 2048;

/** Reads an AuthentiqID; `scopes` count at KeyUpdate alone. Throws AUTHENTIQ_BAD_REQUEST. */
export function readAuthentiqId(text: string, { takesScopes = false } = {}): AuthentiqId {
  const jwt = readJwt(text);
  const pk = optional(jwt, 'pk', isText);
  if (pk !== undefined && !isIdentityKey(pk)) throw badRequest('jwt.pk', 'is no key');
  const devtoken = optional(jwt, 'devtoken', isText);
  if (devtoken !== undefined && (devtoken === '' || Array.from(devtoken).length > MOST_DEVTOKEN)) throw badRequest('jwt.devtoken', 'has not 1 to 4096 characters');
  return { ...anyClaims(jwt), ...addressClaims(jwt), pk, devtoken, scopes: takesScopes ? scopesOf(jwt) : [] };
}

/** Reads the claims of a job. Throws AUTHENTIQ_BAD_REQUEST. */
export function readScopeClaims(text: string): ScopeClaims {
  const jwt = readJwt(text);
  const scope = ADDRESS_KINDS.find((kind) => kind === required(jwt, 'scope', isText));
  const address = scope && addressClaims(jwt)[scope];
  if (scope === undefined || address === undefined) throw badRequest('jwt.scope', 'is neither email nor phone with the claim of that name');
  optional(jwt, 'type', isText);
  return { ...anyClaims(jwt), iss: optional(jwt, 'iss', isText), scope, address };
}

/** Reads a PushToken. Throws AUTHENTIQ_BAD_REQUEST. */
export function readPushToken(text: string): PushToken {
  const jwt = readJwt(text);
  return { ...anyClaims(jwt), iss: required(jwt, 'iss', isUri), aud: required(jwt, 'aud', isUri) };
}

/** Reads a JWT whose claims are judged elsewhere. Throws AUTHENTIQ_BAD_REQUEST. */
export function readJwt(text: string): CompactJws {
  const jwt = readIdentityJwt(text);
  if (jwt === undefined) throw badRequest('jwt', 'is no compact JWT');
  return jwt;
}

function anyClaims(jwt: CompactJws): AnyClaims {
  return {
    jwt,
    sub: required(jwt, 'sub', isText),
    exp: optional(jwt, 'exp', isInteger),
    nbf: optional(jwt, 'nbf', isInteger),
    iat: optional(jwt, 'iat', isInteger),
  };
}

function addressClaims(jwt: CompactJws): AddressClaims {
  return { email: addressOf(jwt, 'email'), phone: addressOf(jwt, 'phone') };
}

function addressOf(jwt: CompactJws, kind: AddressKind): Address | undefined {
  const text = optional(jwt, kind, isText);
  const address = text === undefined ? undefined : normalise(kind, text);
  if (text !== undefined && address === undefined) throw badRequest(`jwt.${kind}`, 'is not in its form');
  return address;
}

function scopesOf(jwt: CompactJws): CompactJws[] {
  const texts = optional(jwt, 'scopes', Array.isArray) ?? [];
  if (texts.length > MOST_SCOPES) throw badRequest('jwt.scopes', 'has more than 8 members');
  return texts.map((text: unknown) => {
    const scope = typeof text === 'string' ? readIdentityJwt(text) : undefined;
    if (scope === undefined) throw badRequest('jwt.scopes', 'has a member that is no compact JWT');
    return scope;
  });
}

type Is<T> = (value: unknown) => value is T;

function required<T>(jwt: CompactJws, name: string, is: Is<T>): T {
  const value = optional(jwt, name, is);
  if (value === undefined) throw badRequest(`jwt.${name}`, 'is missing');
  return value;
}

function optional<T>({ payload }: CompactJws, name: string, is: Is<T>): T | undefined {
  if (!Object.hasOwn(payload, name)) return undefined;
  const value = payload[name];
  if (!is(value)) throw badRequest(`jwt.${name}`, 'has another type');
  return value;
}

/** PostgreSQL stores no U+0000. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isUri(value: unknown): value is string {
  return isText(value) && value.length <= MOST_URI && URL.canParse(value);
}
