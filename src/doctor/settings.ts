import type { Config, Environment, Fault } from '../config/index.ts';
import { Findings, counted } from './finding.ts';
import type { Finding } from './finding.ts';
import { isLoopback } from '../loopback.ts';

/** Every setting at fault, and what is legal but most likely not meant. */
export function checkSettings(environment: Environment, config: Config, faults: readonly Fault[]): readonly Finding[] {
  const findings = new Findings('settings');
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith('KEYTURN_') && value);
  for (const { variable, says } of faults) {
    const todo = given.some(([name]) => name === variable) ? `correct or unset ${variable}; the service does not start with it` : `set ${variable}; the service does not start without it`;
    findings.bad(`${variable} ${says}`, todo);
  }
  if (faults.length === 0) {
    findings.good(given.length === 0 ? 'none is given, the defaults are good' : `${counted(given.length, 'variable')} of Keyturn given, without fault`);
  }
  if (config.tls === undefined && !faults.some(({ variable }) => variable.startsWith('KEYTURN_TLS_'))) {
    for (const [variable, { host }] of openListeners(config)) {
      findings.warning(
        `${variable} listens on ${host} without TLS, where other machines can reach it`,
        'set KEYTURN_TLS_CERT and KEYTURN_TLS_KEY, or let nothing but a TLS proxy reach this address',
      );
    }
  }
  if (faults.length === 0) warn(findings, config);
  return findings.list;
}

/** What is legal but most likely not meant, where each setting is as given. */
function warn(findings: Findings, { http, publicUrl, iothentix, authentiq }: Config): void {
  const unnamed = [...(iothentix.issuer === undefined ? ['tokens'] : []), ...(authentiq.issuer === undefined ? ['what is countersigned'] : [])];
  if (!isLoopback(http.host) && publicUrl === undefined && unnamed.length > 0) {
    findings.warning(
      `KEYTURN_PUBLIC_URL is unset, so that the issuer of ${unnamed.join(' and of ')} is named after the listener`,
      'set KEYTURN_PUBLIC_URL before the first job: what is signed under one name counts under no other',
    );
  }
  const { introspectRequiresAuth, introspectClients } = iothentix;
  if (introspectRequiresAuth && introspectClients.length === 0) {
    findings.warning(
      'KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH is true and there are no clients, so that nobody can introspect tokens',
      'set KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS to a JSON list of what keyturn introspect-client prints',
    );
  }
}

function openListeners({ http, grpc, operator }: Config): (readonly [variable: string, address: { host: string }])[] {
  const listeners = [
    ['KEYTURN_HTTP_LISTEN', http] as const,
    ['KEYTURN_GRPC_LISTEN', grpc] as const,
    ...(operator === undefined ? [] : [['KEYTURN_OPERATOR_LISTEN', operator] as const]),
  ];
  return listeners.filter(([, { host }]) => !isLoopback(host));
}
