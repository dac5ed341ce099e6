import { hash } from 'node:crypto';
import { deviceIdOf, seedFleet, spread } from '../fleet.ts';
import { withClient } from '../workbench.ts';
import { SCOPES, STORED_TOKENS, tokenOf } from './kinds.ts';
import type { TokenPart } from './kinds.ts';

/** Registers devices with these keys (hex) and scopes, and for `introspect` stores tokens that are spread over them. */
export async function seedTokens(url: string, part: TokenPart, keys: readonly string[]): Promise<void> {
  await seedFleet(url, keys.length, spread(keys.length, keys.length), keys);
  await withClient(url, async (client) => {
    await client.query('update device set scopes = $1', [SCOPES]);
    if (part === 'introspect') {
      const numbers = Array.from({ length: STORED_TOKENS }, (_, index) => index + 1);
      await client.query(
        `insert into device_token (token_sha256, device_id, issued_at, expires_at, scopes)
          select sha256, device_id, now(), now() + interval '1 day', $1 from unnest($2::bytea[], $3::text[]) as token (sha256, device_id)`,
        [SCOPES, numbers.map((number) => hash('sha256', tokenOf(number), 'buffer')), numbers.map((number) => deviceIdOf((number % keys.length) + 1))],
      );
    }
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}
