import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import { startChild } from './fixtures/child.ts';

const SECRET = 'eyJhbGciOiJFUzI1NiJ9.a-secret-of-the-caller.signature';

/** Calls a method with an empty message, and resolves to its status. */
async function statusOf(address: string, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const session = connect(`http://${address}`);
  try {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });
    let status = '';
    for (const event of ['response', 'trailers']) stream.on(event, (sent: Record<string, string>) => (status = sent['grpc-status'] ?? status));
    stream.resume().end(Buffer.alloc(5));
    await new Promise((resolve, reject) => stream.once('close', resolve).once('error', reject));
    return status;
  } finally {
    session.destroy();
  }
}

describe('metadata with characters that gRPC does not have', () => {
  it('is as if it were not there, and nothing quotes it: whatever the process says are lines of its log', async () => {
    await using database = await createDatabase();
    await using child = await startChild({ KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS, KEYTURN_LOG_LEVEL: 'debug' });
    for (const path of ['/keyturn.v1.DeviceTokenService/IssueToken', '/keyturn.v1.DeviceKeyService/UpdatePublicKey', '/keyturn.v1.OperatorService/ListDevices']) {
      for (const value of [`Bearer\t${SECRET}`, `Bearer ${SECRET}\u00e9`]) assert.equal(await statusOf(child.grpc, path, { authorization: value, 'x-other': value }), '16');
    }
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    const lines = child.stderr().trimEnd().split('\n');
    assert.ok(lines.length > 6);
    for (const line of lines) assert.doesNotThrow(() => JSON.parse(line) as unknown, line.replaceAll(SECRET, '<secret>'));
    assert.ok(!child.stderr().includes(SECRET));
  });
});
