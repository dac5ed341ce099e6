import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import type { SMTPServerOptions } from 'smtp-server';
import { authority, issue } from '../support/certificates.ts';
import { startMailServer } from './mail_server.ts';
import type { Mail } from './mail_server.ts';
import { PASSWORD, failureOf, send, settingsOf } from './sending.ts';

const LOGIN = { user: 'keyturn', password: PASSWORD };
const NO_CERTIFICATE = 'there is no TLS with the SMTP server';

describe('the SMTP sender and TLS', () => {
  const trusted = authority();
  const { cert, key } = issue({ issuer: trusted });
  const stranger = issue({ issuer: authority() });
  const usual = getCACertificates('default');
  before(() => setDefaultCACertificates([...usual, trusted.cert]));
  after(() => setDefaultCACertificates(usual));

  /** Asks for a password if there is TLS. */
  const withPassword: SMTPServerOptions = {
    cert, key, disabledCommands: [],
    onAuth: ({ username, password }, _session, done) =>
      username === LOGIN.user && password === LOGIN.password ? done(null, { user: username }) : done(new Error(`wrong password ${password}`)),
  };

  it('sends over TLS from the first byte, with a password', async () => {
    await using server = await startMailServer({ ...withPassword, secure: true });
    await send(settingsOf(server.port, { tls: 'implicit', login: LOGIN }));
    assert.equal(only(server.mails).isSecure, true);
  });

  for (const tls of ['required', 'offered'] as const) {
    it(`begins TLS where it is offered: ${tls}`, async () => {
      await using server = await startMailServer(withPassword);
      await send(settingsOf(server.port, { tls, login: LOGIN }));
      assert.equal(only(server.mails).isSecure, true);
    });
  }

  it('sends in the clear where TLS is not offered and not required', async () => {
    await using server = await startMailServer();
    await send(settingsOf(server.port));
    assert.equal(only(server.mails).isSecure, false);
  });

  it('sends nothing where required TLS is not offered, not even the password', async () => {
    let logins = 0;
    await using server = await startMailServer({ disabledCommands: ['STARTTLS'], onAuth: (_auth, _session, done) => done(null, { user: logins += 1 }) });
    const { says, isPermanent } = await failureOf(settingsOf(server.port, { tls: 'required', login: LOGIN }));
    assert.match(says, new RegExp(`^${NO_CERTIFICATE}|^the SMTP server answered 50`));
    assert.deepEqual([isPermanent, logins, server.mails], [false, 0, []]);
  });

  it('trusts no certificate of a stranger, or for another host', async () => {
    for (const secure of [true, false]) {
      await using server = await startMailServer({ ...withPassword, ...stranger, name: 'mail', secure });
      const { says, isPermanent } = await failureOf(settingsOf(server.port, { tls: secure ? 'implicit' : 'offered', login: LOGIN }));
      assert.match(says, /^(?:there is no TLS with|the connection to) the SMTP server(?: failed)? \([A-Z_]+\)$/);
      assert.equal(isPermanent, false);
      assert.deepEqual(server.mails, []);
    }
    const elsewhere = issue({ issuer: trusted, hasHost: false });
    await using server = await startMailServer({ ...withPassword, ...elsewhere, name: 'mail', secure: true });
    assert.match((await failureOf(settingsOf(server.port, { tls: 'implicit', login: LOGIN }))).says, /\(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
  });

  it('tells of a wrong password without it', async () => {
    await using server = await startMailServer({ ...withPassword, secure: true });
    const failure = await failureOf(settingsOf(server.port, { tls: 'implicit', login: { ...LOGIN, password: `${PASSWORD}!` } }));
    assert.deepEqual(failure, { says: 'the SMTP server does not take the user and password (535)', isPermanent: false });
  });

  it('tells of a server that speaks no TLS where it should', async () => {
    await using server = await startMailServer();
    const { says, isPermanent } = await failureOf(settingsOf(server.port, { tls: 'implicit' }));
    assert.match(says, /\(ERR_SSL_[A-Z_]+\)$/);
    assert.equal(isPermanent, false);
  });
});

function only(mails: readonly Mail[]): Mail {
  assert.equal(mails.length, 1);
  return mails[0] ?? assert.fail();
}
