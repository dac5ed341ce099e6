import type { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/index.ts';
import { TlsError, parseCertificates, readTlsFiles } from '../tls_files.ts';
import type { TlsMaterial, TlsPaths } from '../tls_files.ts';
import { Findings, counted } from './finding.ts';
import type { Finding, State } from './finding.ts';

const DAY = 86_400_000;
/** Before its end a certificate is warned of, days. */
const WARNING_DAYS = 30;
const NEW_FILES = 'a running service takes new files within a second';

/** The TLS files and their certificates. */
export function checkTls({ tls }: Config, clock: Clock): readonly Finding[] {
  const findings = new Findings('tls');
  if (tls === undefined) return findings.good('off: KEYTURN_TLS_CERT and KEYTURN_TLS_KEY are unset').list;
  const material = read(findings, tls);
  if (material !== undefined) {
    const [own, ...chain] = parseCertificates(material.cert);
    if (own !== undefined) checkOwn(findings, own, tls, clock);
    for (const certificate of chain) checkOther(findings, certificate, `an authority in ${tls.cert}`, clock);
    checkClients(findings, material, tls, clock);
  }
  checkKeyMode(findings, tls.key);
  return findings.list;
}

function read(findings: Findings, paths: TlsPaths): TlsMaterial | undefined {
  try {
    return readTlsFiles(paths);
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    for (const fault of error.faults) findings.bad(fault, `put a certificate with its own key in place, or correct the setting; ${NEW_FILES}`);
    return undefined;
  }
}

function checkOwn(findings: Findings, certificate: X509Certificate, { cert }: TlsPaths, clock: Clock): void {
  const { state, says } = judgeEnd(certificate, clock);
  const names = certificate.subjectAltName;
  findings.add(state, `the certificate in ${cert} ${says}`, `put a new certificate and its key in place; ${NEW_FILES}`);
  if (names === undefined) findings.warning(`the certificate in ${cert} names no host (subjectAltName), so no client accepts it`, 'have it issued with the names of this service');
  else findings.good(`the certificate is for ${names}`);
}

/** Authorities are mentioned if there is something to do about them. */
function checkOther(findings: Findings, certificate: X509Certificate, where: string, clock: Clock): void {
  const { state, says } = judgeEnd(certificate, clock);
  if (state !== 'good') findings.add(state, `${where}, ${nameOf(certificate)}, ${says}`, `replace it in that file; ${NEW_FILES}`);
}

function checkClients(findings: Findings, { ca }: TlsMaterial, { clientCa }: TlsPaths, clock: Clock): void {
  if (ca === undefined || clientCa === undefined) {
    findings.good('mutual TLS is off: KEYTURN_TLS_CLIENT_CA is unset, clients need no certificate');
    return;
  }
  const authorities = parseCertificates(ca);
  const issuer = authorities.length === 1 ? 'the authority' : `one of the ${authorities.length} authorities`;
  findings.good(`mutual TLS is on: clients need a certificate of ${issuer} in ${clientCa}`);
  for (const certificate of authorities) checkOther(findings, certificate, `an authority in ${clientCa}`, clock);
}

function judgeEnd({ validFromDate, validToDate }: X509Certificate, clock: Clock): { state: State; says: string } {
  const now = clock.now().getTime();
  const end = validToDate.toISOString().slice(0, 10);
  if (validFromDate.getTime() > now) return { state: 'bad', says: `is not valid before ${validFromDate.toISOString()}` };
  const days = Math.floor((validToDate.getTime() - now) / DAY);
  if (validToDate.getTime() <= now) return { state: 'bad', says: `has ended on ${end}` };
  return { state: days < WARNING_DAYS ? 'warning' : 'good', says: `ends on ${end}, in ${counted(days, 'day')}` };
}

function nameOf({ subject }: X509Certificate): string {
  return subject.split('\n').at(-1) ?? subject;
}

function checkKeyMode(findings: Findings, path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  const isOpen = (stats.mode & 0o077) !== 0;
  findings.add(
    isOpen ? 'warning' : 'good',
    `the private key ${path} is ${isOpen ? 'open to other users' : 'private'} (mode ${mode})`,
    `run chmod 600 ${path}, and replace certificate and key if others may have read it`,
  );
}
