import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Config } from '../config/index.ts';
import { askGrpc, askHttp } from './ask.ts';
import type { Answer, Ask } from './ask.ts';
import type { Place } from './dial.ts';
import { Findings, codeOf, reasonOf } from './finding.ts';
import type { Finding } from './finding.ts';

interface Listener {
  readonly variable: string;
  readonly place: Place;
  readonly ask: Ask;
}

/** What the doctor knows of the surroundings of a listener. */
interface Surroundings {
  readonly hasTls: boolean;
  readonly hasClientCa: boolean;
  /** SHA-256 of the certificate in the files; undefined if there is none to read. */
  readonly fingerprint: string | undefined;
  /** Whether whoever listens cannot be the service of this environment, because its data folder is not in use. */
  readonly isForeign: boolean;
}

const MOST_PORT = 65_535;

/** Each listener: free, in use by a running Keyturn, or in use by something else. `faulty`: variables that are not looked at. */
export async function checkListeners(config: Config, faulty: ReadonlySet<string>, holder: number | undefined): Promise<readonly Finding[]> {
  const { tls, operator } = config;
  const listeners = [
    { variable: 'KEYTURN_HTTP_LISTEN', place: config.http, ask: askHttp },
    { variable: 'KEYTURN_GRPC_LISTEN', place: config.grpc, ask: askGrpc },
    ...(operator === undefined ? [] : [{ variable: 'KEYTURN_OPERATOR_LISTEN', place: operator, ask: askHttp }]),
  ].filter(({ variable }) => !faulty.has(variable));
  const surroundings = {
    hasTls: tls !== undefined,
    hasClientCa: tls?.clientCa !== undefined,
    fingerprint: tls && fingerprintOf(tls.cert),
    isForeign: config.databaseUrl === undefined && holder === undefined,
  };
  const looked = await Promise.all(listeners.map((listener) => checkListener(listener, surroundings)));
  return [...clashes(listeners), ...looked.flat()];
}

/** Two listeners cannot have one address. */
function clashes(listeners: readonly Listener[]): readonly Finding[] {
  const findings = new Findings('listeners');
  for (const [index, { variable, place }] of listeners.entries()) {
    const other = listeners.slice(0, index).find((earlier) => place.port !== 0 && place.port === earlier.place.port && overlap(place.host, earlier.place.host));
    if (other !== undefined) findings.bad(`${variable} and ${other.variable} have the same port ${place.port}`, `set ${variable} to another port`);
  }
  return findings.list;
}

function overlap(a: string, b: string): boolean {
  return a === b || [a, b].some((host) => host === '0.0.0.0' || host === '::');
}

async function checkListener(listener: Listener, surroundings: Surroundings): Promise<readonly Finding[]> {
  const { variable, place, ask } = listener;
  const findings = new Findings('listeners');
  const shown = `${variable} ${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
  const free = `set ${variable} to an address that is free`;
  if (place.port === 0) return findings.good(`${shown} takes a free port at each start`).list;
  const refusal = await tryToListen(place);
  if (refusal === undefined) return findings.good(`${shown} is free`).list;
  switch (codeOf(refusal)) {
    case 'EADDRINUSE':
      return judge(findings, shown, free, await whoListens(place, ask, surroundings.hasTls), surroundings);
    case 'EACCES':
      return findings.bad(`${shown} needs more rights than this user has`, `set ${variable} to a port from 1024 to ${MOST_PORT}, or grant CAP_NET_BIND_SERVICE`).list;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return findings.bad(`${shown} is no address of this machine`, `set ${variable} to an address of this machine, such as 127.0.0.1:${place.port}`).list;
    default:
      return findings.bad(`${shown} cannot be listened on: ${reasonOf(refusal)}`, free).list;
  }
}

function judge(findings: Findings, shown: string, free: string, answer: Answer, expected: Surroundings): readonly Finding[] {
  const { isKeyturn, isReady, hasTls, fingerprint } = answer;
  const hasOurCertificate = fingerprint !== undefined && fingerprint === expected.fingerprint;
  if (!isKeyturn && hasOurCertificate && expected.hasClientCa) {
    return findings.good(`${shown} is in use by something with the certificate of KEYTURN_TLS_CERT, most likely a running Keyturn; it asks for a client certificate, so it was not asked further`).list;
  }
  if (!isKeyturn) return findings.bad(`${shown} is in use by something else than Keyturn`, `stop that, or ${free}`).list;
  if (expected.isForeign) {
    return findings.bad(`${shown} is in use by a Keyturn that does not use the data folder of this environment`, `stop that one, ${free}, or run doctor with the environment of that service`).list;
  }
  if (hasTls !== expected.hasTls) {
    const says = hasTls ? 'with TLS, whereas this environment has none' : 'without TLS, whereas this environment has it';
    findings.warning(`${shown} is in use by a running Keyturn ${says}`, 'run doctor with the environment of that service, or start it anew with this one');
  } else if (hasTls && !hasOurCertificate) {
    findings.warning(`${shown} is in use by a running Keyturn with another certificate than that of KEYTURN_TLS_CERT`, 'look in its log for why it did not take the new files, or run doctor with its environment');
  }
  if (!isReady) return findings.bad(`${shown} is in use by a running Keyturn that is not ready`, 'its database does not answer or it is stopping: see what is said of the database, and its log').list;
  return findings.good(`${shown} is in use by a running Keyturn, which is ready`).list;
}

/** Asks as this environment has it, and in the other way if that gets no answer. */
async function whoListens(place: Place, ask: Ask, hasTls: boolean): Promise<Answer> {
  const first = await ask(place, hasTls);
  if (first.isKeyturn || first.fingerprint !== undefined) return first;
  const second = await ask(place, !hasTls);
  return second.isKeyturn ? second : first;
}

/** Listens for a moment, which is the only way to know; returns why that cannot be. */
function tryToListen({ host, port }: Place): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

/** Faults of the file are told by the check of TLS. */
function fingerprintOf(cert: string): string | undefined {
  try {
    return new X509Certificate(readFileSync(cert)).fingerprint256;
  } catch {
    return undefined;
  }
}
