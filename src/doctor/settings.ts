import type { Config, Environment, Fault } from '../config/index.ts';
import { Findings, counted } from './finding.ts';
import type { Finding } from './finding.ts';
import { isLoopback } from '../loopback.ts';

/** Every setting at fault, and what is legal but most likely not meant. */
export function checkSettings(environment: Environment, config: Config, faults: readonly Fault[]): readonly Finding[] {
  const findings = new Findings('settings');
  for (const { variable, says } of faults) findings.bad(`${variable} ${says}`, `correct or unset ${variable}; the service does not start with it`);
  if (faults.length === 0) {
    const given = Object.entries(environment).filter(([name, value]) => name.startsWith('KEYTURN_') && value);
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
  return findings.list;
}

function openListeners({ http, grpc, operator }: Config): (readonly [variable: string, address: { host: string }])[] {
  const listeners = [
    ['KEYTURN_HTTP_LISTEN', http] as const,
    ['KEYTURN_GRPC_LISTEN', grpc] as const,
    ...(operator === undefined ? [] : [['KEYTURN_OPERATOR_LISTEN', operator] as const]),
  ];
  return listeners.filter(([, { host }]) => !isLoopback(host));
}
