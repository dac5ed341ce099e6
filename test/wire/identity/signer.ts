import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** An identity key with its private half. */
export interface IdentityKey {
  /** 43 characters of base64url. */
  readonly pk: string;
  readonly privateKey: KeyObject;
}

/** What stands in a JWT besides or in the place of what is usual; a member that is undefined is left out. */
export interface JwtForm {
  readonly header?: Readonly<Record<string, unknown>>;
  /** In the place of the encoded payload. */
  readonly payloadText?: string;
  /** Who signs; the key itself unless given. */
  readonly signer?: KeyObject;
}

/** The beginning of the PKCS #8 form of an Ed25519 key, before its seed (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key that no other test has, or that of a seed. */
export function newIdentityKey(seed?: Buffer): IdentityKey {
  const privateKey = seed === undefined ? generateKeyPairSync('ed25519').privateKey : createPrivateKey({ key: Buffer.concat([PKCS8, seed]), type: 'pkcs8', format: 'der' });
  return { pk: String(privateKey.export({ format: 'jwk' }).x), privateKey };
}

/** Section 11 of contracts/authentiq.md. */
export const VECTOR_KEY = newIdentityKey(Buffer.from('pxPwSA00oEV0/vglKr5KAlEhFlmgb0ZOYmhLlDImYSc=', 'base64'));
export const VECTOR_PK = 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U';
const VECTOR_HEADER = 'eyJ0eXAiOiJKV1QiLCJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZFIxY1p6WWYtdUM2cjVMMVZPbW5LajIyQXZEQ1RRUjJGWUo2cXBHaXA2VSJ9';
export const V1 = [
  VECTOR_HEADER,
  'eyJzdWIiOiJkUjFjWnpZZi11QzZyNUwxVk9tbktqMjJBdkRDVFFSMkZZSjZxcEdpcDZVIiwiZGV2dG9rZW4iOiJleGFtcGxlLWRldmljZS10b2tlbiJ9',
  'pok7HcL2_J78Lr_jT9RoChWI_GEWq92J2v9o-XPSqlniyCO6D84yg58kuC_VpeHgq7h6VWAsrPmMnp6rT41MCQ',
].join('.');
export const V2 = [
  VECTOR_HEADER,
  'eyJzdWIiOiJkUjFjWnpZZi11QzZyNUwxVk9tbktqMjJBdkRDVFFSMkZZSjZxcEdpcDZVIiwiZW1haWwiOiJ1c2VyQGV4YW1wbGUuY29tIiwicGhvbmUiOiIrMzEyMDEyMzQ1NjcifQ',
  'h18E6rf87auEXlGP0iP4Oa2TSNW3HC3AYPIliXkN1Td2GCg5wlylnnbTpnXny1KGL5TzfLUQCcYVxSSXCztxBA',
].join('.');

/** A JWT that a key has signed, of the form that section 11 shows. */
export function selfSigned({ pk, privateKey }: IdentityKey, claims: object = {}, { header, payloadText, signer = privateKey }: JwtForm = {}): string {
  const parts = [JSON.stringify({ typ: 'JWT', alg: 'Ed25519', kid: pk, ...header }), payloadText ?? JSON.stringify({ sub: pk, ...claims })];
  const input = parts.map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${input}.${sign(null, Buffer.from(input), signer).toString('base64url')}`;
}

/** A JWT by which an issuer vouches for the address of a key (contracts/authentiq.md 6.5). */
export function issued(issuer: IdentityKey, claims: object, header: Readonly<Record<string, unknown>> = {}): string {
  return selfSigned(issuer, { sub: undefined, ...claims }, { header });
}
