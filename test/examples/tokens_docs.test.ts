import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { describeWith } from '../support/machine.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { MISSING, blocksOf, documentAt } from './shell_blocks.ts';
import { runWithServers } from './token_blocks.ts';

const PAGE = documentAt('docs/tokens.md');
/** Needs another start of the service; tokens_password.test.ts runs it. */
const WITH_PASSWORD = blocksOf(PAGE, '### With a password', 'sh');

describeWith(MISSING, 'the commands of docs/tokens.md', () => {
  it('run as they stand, and answer as the page says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
    writeFileSync(join(folder, 'operator.token'), OPERATOR_TOKEN, { mode: 0o600 });
    await using service = await startService();
    const printed = await runWithServers(blocksOf(PAGE, '# Tokens of devices', 'sh').replace(WITH_PASSWORD, ''), service, folder);
    rmSync(folder, { recursive: true, force: true });
    for (const expected of [
      /^\{"access_token":"[\w-]{43}\.[\w-]{43}","expires_in":3599,"scope":"telemetry\.write refresh\.token","token_type":"bearer"\}$/m,
      /^meter-3 has the new key [0-9a-f]{64} \(ES256\)$/m,
      /^ {2}"scope": "telemetry\.write",$/m,
      /^\{"access_token":"[\w-]{43}\.[\w-]{43}","expires_in":3599,"scope":"telemetry\.write","token_type":"bearer"\}$/m,
      /^\{"active":true,"sub":"meter-3","scope":"telemetry\.write refresh\.token","iss":"[^"]+\/","exp":\d+\}$/m,
      /"active": true,\n +"deviceId": "meter-3"/,
      /^Cache-Control: private, max-age=30\r?$/im,
      /^ETag: "[^"]+"\r?$/im,
      /"kid":"meter-3",.*"state":"CURRENT"\},\{.*"state":"RETIRED"/,
      /^\{"device":"meter-3"\}$/m,
      /device_token\.issued/,
      /device_token\.renewed/,
      /device_jwt\.verified/,
      /^keyturn_device_tokens_total\{outcome="issued"\} 2$/m,
      /^keyturn_device_tokens_total\{outcome="renewed"\} 1$/m,
      /^keyturn_device_checks_total\{what="introspection",outcome="active"\} 1$/m,
      /^keyturn_device_checks_total\{what="jwt",outcome="active"\} 1$/m,
    ]) assert.match(printed, expected);
  }).timeout(120_000);
});

describe('docs/tokens.md', () => {
  it('and docs/settings.md list every setting that the source reads', () => {
    const source = readFileSync(new URL('../../src/config/iothentix.ts', import.meta.url), 'utf8');
    const settings = new Set(source.match(/KEYTURN_IOTHENTIX_[A-Z_]+/g));
    const inSettings = settingsIn(documentAt('docs/settings.md'), '# Settings');
    assert.deepEqual(settings, new Set(inSettings.filter((name) => name.startsWith('KEYTURN_IOTHENTIX_'))));
    const ofUpdates = /IDEMPOTENT_RETRY|FORBIDDEN_STATUS|POP_HEX_TEXT|ROTATIONS_PER_HOUR/;
    assert.deepEqual(settingsIn(PAGE, '## Settings').toSorted(), [...settings].filter((name) => !ofUpdates.test(name)).toSorted());
  });

  it('names every reason of its calls', () => {
    const proto = documentAt('proto/keyturn/v1/device_token_service.proto');
    const [, table = ''] = PAGE.split('## Refusals\n');
    const reasons = new Set(Array.from(proto.matchAll(/^ +"([A-Z_]+)",?$/gm), ([, reason]) => reason));
    assert.ok(reasons.size > 5);
    for (const reason of reasons) assert.ok(table.includes(`\`${reason}\``), reason);
  });
});

/** The variables in the first column of the table below a heading. */
function settingsIn(document: string, heading: string): string[] {
  const [, below = ''] = document.split(`${heading}\n`);
  const [section = ''] = below.split('\n## ');
  return section.split('\n').flatMap((line) => /^\|([^|]*)\|/.exec(line)?.[1]?.match(/KEYTURN_[A-Z_]+/g) ?? []);
}
