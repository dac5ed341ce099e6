import assert from 'node:assert/strict';
import { it } from 'mocha';
import { describeWith } from '../support/machine.ts';
import { MISSING, blocksOf, documentAt, runLines } from './shell_blocks.ts';
import { withWorkplace } from './workplace.ts';

const README = documentAt('README.md');
const HEADING = '## Identity keys';

describeWith(MISSING, 'the example with identity keys', () => {
  const { folder, service } = withWorkplace();

  it('registers, binds, confirms, countersigns and verifies, line by line as README shows it', async () => {
    const lines = blocksOf(README, HEADING, 'sh');
    const [registered, bound, ...others] = (await runLines(lines, service(), folder)).split('\n');
    assert.match(registered ?? '', /^\{"status":"registered","secret":"[\w-]{43}"\}$/);
    assert.equal(bound, '{"status":"confirmed"}');
    const [confirmed, ready, verified] = others.filter((line) => !/^[│┌├└ ]/.test(line)).slice(-4);
    assert.equal(confirmed, '{"status":"confirmed"}');
    assert.match(ready ?? '', /^\{"status":"ready","jwt":"[\w-]+\.[\w-]+\.[\w-]+"\}$/);
    assert.match(verified ?? '', /^[\w-]{43} holds ada@example\.com until \d{4}-[\d-]+T[\d:.]+Z$/);
  }).timeout(120_000);

  it('is what README shows', () => {
    const programs = ['sign', 'verify'].map((name) => documentAt(`examples/identity/${name}.mjs`)).join('');
    for (const line of blocksOf(README, HEADING, 'js').split('\n').filter((each) => !each.startsWith('//'))) assert.ok(programs.includes(line), line);
  });
});
