import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isCarriedBySmtp } from '../../src/mail_address.ts';
import { startMailServer } from './mail_server.ts';
import { MESSAGE, failureOf, send, settingsOf } from './sending.ts';

const CARRIED = [
  'ann@example.com', "o'brien+tag@example.com", '!#$%&\'*+-/=?^_`{|}~@example.com', 'a.b.c@sub.example.com', 'ann@localhost', 'jörg@example.com',
  'ann@bücher.example', 'ann@xn--bcher-kva.example', 'ann@BÜCHER.Example', 'ann@straße.example', 'ann@bu\u0308cher.example', `${'x'.repeat(64)}@example.com`,
];

/** What the contract takes for an address (one `@` with text on both sides) and SMTP cannot carry, or not as one recipient. */
const HOSTILE = [
  'ann smith@example.com', 'ann@exam ple.com', 'ann,eve@example.com', 'ann@example.com,', 'ann@example.com, ', 'ann;eve@example.com', '"ann"@example.com',
  '"ann smith"@example.com', 'ann"@example.com', '<ann@example.com>', 'ann>@example.com', 'ann@example.com>', 'ann@example.com> SIZE=1', '(eve)ann@example.com',
  'group:ann@example.com;', 'ann\\@example.com', 'ann\r\nrcpt to:<eve@example.com>', 'ann@example.com\r\nbcc: eve', 'ann\n@example.com', 'ann\t@example.com', 'ann\u0000@example.com',
  'ann\u007f@example.com', 'ann\u0085@example.com', 'ann\u2028@example.com', 'ann\u200b@example.com', 'ann\u202e@example.com', 'ann\u00a0@example.com', '\ud800@example.com',
  '.ann@example.com', 'ann.@example.com', 'a..b@example.com', 'ann@.example.com', 'ann@example..com', 'ann@-example.com', 'ann@example-.com', 'ann@[127.0.0.1]',
  'ann@127.0.0.1', 'ann@1', 'ann@example.com.', 'ann@exa_mple.com', 'ann@example.com/x', 'ann@example.com:25', 'ann@%65xample.com', 'ann@', '@example.com', 'ann', 'a@b@c',
  // Other spellings of example.com and xn--bcher-kva.example.
  'ann@\uff45xample.com', 'ann@exa\ufe0fmple.com', 'ann@exam\u034fple.com', 'ann@\u{1d41e}xample.com', 'ann@e\u02e3ample.com', 'ann@b\uff55\u0308cher.example',
  `${'x'.repeat(65)}@example.com`, `${'ü'.repeat(33)}@example.com`, `ann@${'x'.repeat(64)}.com`, `ann@${'x.'.repeat(126)}com`,
];

describe('addresses', () => {
  for (const address of CARRIED) {
    it(`that SMTP carries: ${address}`, () => assert.equal(isCarriedBySmtp(address), true));
  }

  for (const address of HOSTILE) {
    it(`that SMTP does not carry: ${JSON.stringify(address)}`, () => assert.equal(isCarriedBySmtp(address), false));
  }

  it('go out as one recipient, or nothing goes out at all', async () => {
    await using server = await startMailServer();
    for (const recipient of HOSTILE) {
      const { says, isPermanent } = await failureOf(settingsOf(server.port), { ...MESSAGE, recipient });
      assert.deepEqual([says, isPermanent], ['SMTP cannot carry the address', true], JSON.stringify(recipient));
    }
    assert.equal(server.mails.length, 0);
    for (const recipient of CARRIED) await send(settingsOf(server.port), { ...MESSAGE, recipient });
    assert.equal(server.mails.length, CARRIED.length);
    for (const [index, { to, headers }] of server.mails.entries()) {
      assert.equal(to.length, 1);
      assert.equal(to[0]?.split('@')[0], CARRIED[index]?.split('@')[0]);
      assert.deepEqual([headers.has('bcc'), headers.has('cc')], [false, false]);
    }
  });
});
