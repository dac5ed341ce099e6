import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import { openPool } from '../floor/rotation.ts';
import { serveBodies } from '../floor/serve.ts';
import { readMasterKey } from '../secrets/floor_box.ts';
import { bindKey } from './floor_key_bind.ts';
import { putScope } from './floor_scope_put.ts';

/** What a floor works with. */
export interface IdentityFloor {
  readonly pool: Pool;
  readonly master: { readonly id: string; readonly key: KeyObject };
  /** Of the hashes of addresses. */
  readonly hashKey: KeyObject;
  readonly issuer: string;
}

/** One request to it. */
export interface IdentityRequest {
  /** The last segment of the path. */
  readonly name: string;
  readonly jwt: string;
  readonly requestId: string;
  readonly peer: string;
}

/**
 * The floor of the calls of identity binding: one route, no matter which path. It checks nothing of the form of its input,
 * knows no other refusal than 401, has no contract, and neither logs nor counts. Its arguments are the URL of its database,
 * the part and the master key.
 */
const [url = '', part, masterKey = ''] = process.argv.slice(2);
const floor: IdentityFloor = { pool: openPool(url), master: readMasterKey(masterKey), hashKey: createSecretKey(randomBytes(32)), issuer: 'http://127.0.0.1:8080' };
const run = part === 'key-bind' ? bindKey : putScope;

serveBodies(answer);

async function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  const path = request.url ?? '';
  const answered = await run(floor, { name: path.slice(path.lastIndexOf('/') + 1), jwt: body.toString('latin1'), requestId, peer: request.socket.remoteAddress ?? '' });
  if (answered === undefined) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { 'X-Request-ID': requestId, 'Cache-Control': 'no-store', 'Content-Type': 'application/json', 'Content-Length': answered.length }).end(answered);
}
