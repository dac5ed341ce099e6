import { connect } from 'node:tls';
import { visible } from './print.ts';

/** A server that did not do as Keyturn does, and what can be asked to find out why. */
export interface Server {
  /** `host:port` */
  readonly name: string;
  readonly hasTls: boolean;
  /** Whether it has ever spoken HTTP/2. */
  readonly isConnected: () => boolean;
  /** Whether its health (grpc.health.v1) knows a service. */
  readonly serves: (service: string) => Promise<boolean>;
  /** Whether it has a call that the first version had. */
  readonly hasFirstCall: () => Promise<boolean>;
}

/** How long a question may take by which a failure is explained, milliseconds. */
export const PATIENCE = 2_000;
const NOT_GRPC = 'does not speak gRPC; give the gRPC listener of Keyturn';

/** Why there was no connection, by what grpc-js and OpenSSL say of it, in one line that tells what to do. */
export async function whyAway(details: string, { name, hasTls }: Server): Promise<string> {
  const last = /Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\. Resolution note: $/s.exec(details)?.[1] ?? details;
  if (details.startsWith('Name resolution failed')) return `cannot reach Keyturn at ${name}: this machine knows no host of that name`;
  if (/ECONNREFUSED/.test(last)) return `cannot reach Keyturn at ${name}; is it running? (keyturn serve)`;
  if (hasTls && /wrong version number|packet length too long|record layer|unexpected message|http request/.test(last)) {
    return `${name} does not speak TLS; give it without https://, or another listener`;
  }
  // It speaks, but no HTTP/2, as the listener of REST does.
  if (/Protocol error|no application protocol/.test(last)) return `${name} ${NOT_GRPC}`;
  if (hasTls && isCertificateTrouble(last)) return `cannot reach Keyturn at ${name} by TLS: ${visible(last)}`;
  if (/Failed to connect|ECONNRESET|EPIPE|socket hang up/.test(last)) {
    if (!hasTls && (await takesTls(name))) return `${name} speaks TLS; give https://${name}, with KEYTURN_SERVER_CA if its authority is your own`;
    return `${name} takes connections and closes them; is it the gRPC listener of Keyturn, and running?`;
  }
  return `cannot reach Keyturn at ${name}: ${visible(last)}`;
}

/** What answers with a status of HTTP, or with none of gRPC; undefined if nothing of that kind did. */
export function whoAnswers(details: string, { name }: Server): string | undefined {
  const [, http, isHalf] = /^Received (?:HTTP status code (\d+)|(RST_STREAM with code 0))/.exec(details) ?? [];
  if (http === undefined && isHalf === undefined) return undefined;
  if (/^50[234]$/.test(http ?? '')) return `${name} is a proxy that does not reach what is behind it (HTTP status ${http}); is Keyturn running there?`;
  return `${name} ${NOT_GRPC}`;
}

/** Who it is that does not know a call. */
export async function whoseRefusal({ name, serves, hasFirstCall }: Server): Promise<string> {
  if (await hasFirstCall()) {
    return `${name} is a Keyturn of another version that lacks this call; update it, or use the keyturn command of its version`;
  }
  if (await serves('keyturn.v1.DeviceKeyService')) return `${name} is Keyturn, but not its operator listener; give the address in its KEYTURN_OPERATOR_LISTEN`;
  return `${name} is not Keyturn; give the gRPC or operator listener of Keyturn`;
}

/** A certificate that was not accepted, by one side or the other. */
function isCertificateTrouble(text: string): boolean {
  return /certificate|altnames|self-signed|ssl|tls/i.test(text);
}

/** Whether whoever listens there begins TLS, with whatever certificate; nothing is sent to it. */
function takesTls(server: string): Promise<boolean> {
  const { hostname, port } = new URL(`tls://${server}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replaceAll(/^\[|\]$/g, ''), port: Number(port), rejectUnauthorized: false, timeout: PATIENCE });
    const end = (isTls: boolean): void => {
      socket.destroy();
      resolve(isTls);
    };
    socket.once('secureConnect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false)).once('close', () => end(false));
  });
}
