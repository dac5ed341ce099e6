import { randomUUID } from 'node:crypto';
import { frame, readTextMessage, textMessage } from '../grpc_frame.ts';
import { openPool, rotate } from './rotation.ts';
import { serveMessages } from './serve_messages.ts';

/** The floor of a rotation over gRPC: one method, no matter which path. Its argument is the URL of its database. */
const pool = openPool(process.argv[2] ?? '');
const UPDATED = frame(textMessage('Public key updated'));

serveMessages(async ({ authorization, message, peer }) => {
  const requestId = randomUUID();
  const rotated = await rotate(pool, { jwt: authorization, pop: readTextMessage(message), requestId, peer });
  return { requestId, framed: rotated ? UPDATED : undefined };
});
