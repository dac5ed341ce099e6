import { createHash, randomBytes } from 'node:crypto';
import { KeyRing, formatKeyRing, newMasterKey, placeOf } from '../../src/crypto/key_ring.ts';
import { recordIdAt } from '../../src/db/record_id.ts';
import { withClient } from '../workbench.ts';
import type { SecretMaterial } from './kinds.ts';
import { PROJECT } from './kinds.ts';

/** Fills a database with devices that have a primary secret, a user with a token, and an access key; its callers' material is made anew. */
export async function seedSecrets(url: string, deviceIds: readonly string[]): Promise<SecretMaterial> {
  const masterKey = newMasterKey();
  const ring = new KeyRing([masterKey]);
  const material: SecretMaterial = {
    masterKey: formatKeyRing([masterKey]),
    token: randomBytes(32).toString('base64url'),
    accessKey: 'BENCHBENCHBENCHBENCH',
    secretKey: randomBytes(30).toString('base64url'),
    deviceSecret: randomBytes(16).toString('hex'),
  };
  const boxes = deviceIds.map((deviceId) => ring.seal(placeOf.deviceSecret(deviceId, 'PRIMARY'), material.deviceSecret).box);
  await withClient(url, async (client) => {
    await client.query(
      `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id, active_at)
        select device_id, $1, device_id, '', 'ACTIVE', true, '{}', now(), now(), ${recordIdAt('now()')}, now() from unnest($2::text[]) as device_id`,
      [PROJECT, deviceIds],
    );
    await client.query(
      `insert into device_secret (device_id, slot, key_id, box, set_at)
        select device_id, 'PRIMARY', $1, box, now() from unnest($2::text[], $3::bytea[]) as secret (device_id, box)`,
      [masterKey.id, deviceIds, boxes],
    );
    await client.query(
      `insert into iam_user (user_id, domain, name, project_id, password, disabled, token_generation, created_at)
        values ('bench', 'bench', 'bench', $1, '', false, 1, now())`,
      [PROJECT],
    );
    await client.query(
      "insert into iam_token (token_sha256, user_id, generation, issued_at, expires_at) values ($1, 'bench', 1, now(), now() + interval '1 week')",
      [createHash('sha256').update(material.token).digest()],
    );
    await client.query(
      'insert into access_key (access_key, project_id, key_id, box, created_at) values ($1, $2, $3, $4, now())',
      [material.accessKey, PROJECT, masterKey.id, ring.seal(placeOf.accessKey(material.accessKey), material.secretKey).box],
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
  return material;
}
