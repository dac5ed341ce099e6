import type { KeyRetrieveRequest, KeyRetrieveResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { findRegisteredKey } from './key_checks.ts';
import type { IdentityParts } from './parts.ts';

/** KeyRetrieve: contracts/authentiq.md 7.1. */
export async function retrieveKey({ identities }: IdentityParts, { pk }: KeyRetrieveRequest): Promise<KeyRetrieveResponse> {
  const { registeredAt } = await findRegisteredKey(identities, pk);
  return { sub: pk, status: 'registered', since: registeredAt.toISOString() };
}
