import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { selfSigned } from '../device/certificate.ts';
import type { CertificateOptions } from '../device/certificate.ts';
import { Folder, FREE, doctor, linesOf } from './doctor.ts';

const DAY = 86_400_000;
const LONG = { ends: 90 * DAY };
const MODES = { 'cert.pem': 0o644, 'key.pem': 0o600, 'ca.pem': 0o644 } as const;

/** Writes the files and gives the lines about TLS; no other check says anything of them. */
async function look(folder: Folder, files: Readonly<Record<string, string>>, modes: Readonly<Record<string, number>> = MODES): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) folder.write(name, text, modes[name] ?? 0o600);
  const path = (name: string): string => join(folder.path, name);
  const findings = await doctor({
    ...FREE, KEYTURN_DATA_DIR: folder.data, KEYTURN_TLS_CERT: path('cert.pem'), KEYTURN_TLS_KEY: path('key.pem'),
    ...('ca.pem' in files ? { KEYTURN_TLS_CLIENT_CA: path('ca.pem') } : {}),
  });
  const lines = linesOf(findings, 'tls');
  assert.ok(!lines.join().includes('PRIVATE KEY'));
  assert.deepEqual(linesOf(findings, 'settings'), [`good: ${'ca.pem' in files ? 6 : 5} variables of Keyturn given, without fault`]);
  for (const { check, says } of findings) assert.ok(check === 'tls' || !says.includes('.pem'), `${check}: ${says}`);
  return lines;
}

function filesOf(options: CertificateOptions): Record<string, string> {
  const { cert, key } = selfSigned(options);
  return { 'cert.pem': cert, 'key.pem': key };
}

describe('doctor and TLS', () => {
  it('finds good files good, with their names and their end', async () => {
    using folder = new Folder();
    const [end = '', names, mutual, key, ...more] = await look(folder, filesOf(LONG));
    const date = new Date(Date.now() + LONG.ends).toISOString().slice(0, 10);
    assert.match(end, new RegExp(`^good: the certificate in \\S+cert\\.pem ends on ${date}, in (?:89|90) days$`));
    assert.equal(names, 'good: the certificate is for IP Address:127.0.0.1, DNS:localhost');
    assert.match(mutual ?? '', /^good: mutual TLS is off/);
    assert.match(key ?? '', /^good: the private key \S+key\.pem is private \(mode 0600\)$/);
    assert.deepEqual(more, []);
  });

  const ends: readonly (readonly [name: string, options: CertificateOptions, line: RegExp])[] = [
    ['one that ends soon', { ends: 29 * DAY }, /^warning: .* ends on \S+, in 28 days - put a new certificate and its key in place/],
    ['one that has ended', { begins: -2 * DAY, ends: -DAY }, /^bad: .* has ended on \S+ - put a new certificate/],
    ['one that is not valid yet', { begins: DAY, ends: 90 * DAY }, /^bad: .* is not valid before \S+ - put a new certificate/],
  ];
  for (const [name, options, line] of ends) {
    it(`tells ${name}`, async () => {
      using folder = new Folder();
      const [end = ''] = await look(folder, filesOf(options));
      assert.match(end, line);
    });
  }

  it('warns of a certificate without a name', async () => {
    using folder = new Folder();
    const [, names = ''] = await look(folder, filesOf({ ...LONG, hasName: false }));
    assert.match(names, /^warning: .* names no host \(subjectAltName\).* - have it issued/);
  });

  it('complains of files that do not belong together, are missing or are something else', async () => {
    using folder = new Folder();
    const [mismatch = ''] = await look(folder, { ...filesOf(LONG), 'key.pem': selfSigned().key });
    assert.match(mismatch, /^bad: KEYTURN_TLS_KEY \S+ is not the key of the certificate in \S+ - put a certificate with its own key in place/);
    using empty = new Folder();
    const missing = await look(empty, {});
    assert.equal(missing.length, 2);
    for (const line of missing) assert.match(line, /^bad: KEYTURN_TLS_(?:CERT|KEY) \S+ does not exist - put .*, or correct the setting/);
    using strange = new Folder();
    const [noPem = ''] = await look(strange, { ...filesOf(LONG), 'cert.pem': 'none' });
    assert.match(noPem, /^bad: KEYTURN_TLS_CERT \S+ holds no certificate as PEM - /);
  });

  it('warns of a private key that others may read', async () => {
    using folder = new Folder();
    const lines = await look(folder, filesOf(LONG), { ...MODES, 'key.pem': 0o640 });
    assert.match(lines.at(-1) ?? '', /^warning: the private key \S+ is open to other users \(mode 0640\) - run chmod 600 /);
  });

  it('says that mutual TLS is on, and watches the end of authorities', async () => {
    using folder = new Folder();
    const [soon, ended] = [selfSigned({ ends: DAY + 60_000 }), selfSigned({ begins: -2 * DAY, ends: -DAY })];
    const files = filesOf(LONG);
    const lines = await look(folder, { ...files, 'cert.pem': `${files['cert.pem']}${soon.cert}`, 'ca.pem': `${selfSigned(LONG).cert}${ended.cert}` });
    assert.match(lines[2] ?? '', /^warning: an authority in \S+cert\.pem, CN=test, ends on \S+, in 1 day - replace it in that file/);
    assert.match(lines[3] ?? '', /^good: mutual TLS is on: clients need a certificate of one of the 2 authorities in \S+ca\.pem$/);
    assert.match(lines[4] ?? '', /^bad: an authority in \S+ca\.pem, CN=test, has ended on \S+ - replace it in that file/);
    assert.equal(lines.length, 6);
  });
});
