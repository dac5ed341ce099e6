import assert from 'node:assert/strict';
import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Clients } from '../harness.ts';
import { newEmail, newPhone } from './bench.ts';
import type { IdentityBench, RegisteredKey } from './bench.ts';
import { codeIn, messagesOf } from './jobs.ts';

export const PENDING = '{"status":"pending"}';

/** What names a key without its secret. */
export interface Named {
  readonly email?: string;
  readonly phone?: string;
  readonly code?: string;
}

/** A key that holds both, with them. */
export interface BoundKey extends RegisteredKey {
  readonly email: string;
  readonly phone: string;
}

/** DELETE /key. */
export function revokeNosecret({ rest, grpc }: Clients, wire: Wire, { email, phone, code }: Named): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.keyRevokeNosecret, { email: email ?? '', phone: phone ?? '', code });
  const given = Object.entries({ email, phone, code }).filter(([, value]) => value !== undefined);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`).join('&');
  return rest.send({ method: 'DELETE', target: `/key${query === '' ? '' : `?${query}`}` });
}

/** Registers a key and binds an address and a number to it. */
export async function boundKey(bench: IdentityBench, { email = newEmail(), phone = newPhone() }: Named = {}): Promise<BoundKey> {
  const key = await bench.register();
  const bound = await bench.bind('rest', key, { email, phone });
  assert.equal(bound.status, 200, bound.body);
  return { ...key, email, phone };
}

/** The code that was sent last for the revocation of a key. */
export async function revocationCode(bench: Pick<IdentityBench, 'sql'>, { pk }: BoundKey): Promise<string> {
  const messages = (await messagesOf(bench.sql, pk)).filter(({ jobId }) => jobId === null);
  return codeIn(messages.at(-1) ?? assert.fail('no code was sent'));
}
