import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';

/** How long whoever listens may take for each step, milliseconds. */
export const PATIENCE = 3_000;

/** A connection to whoever listens on an address. */
export interface Dialled {
  readonly socket: Socket;
  /** SHA-256 of the listener's certificate; undefined without TLS. */
  readonly fingerprint: string | undefined;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects, with TLS if protocols (by their names in ALPN) are given. Any certificate will do, because the question is
 * only who listens, and nothing secret is sent. Rejects if there is no connection in time.
 */
export function dial(place: Place, protocols: readonly string[] | undefined): Promise<Dialled> {
  const address = { ...place, host: reachable(place.host) };
  return new Promise((resolve, reject) => {
    const socket: Socket | TLSSocket = protocols === undefined
      ? connectTcp(address)
      : connectTls({ ...address, ALPNProtocols: [...protocols], rejectUnauthorized: false });
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error('no answer in time')));
    // Stays, so that an end that comes later, such as for want of a client certificate, is not unheard.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once(protocols === undefined ? 'connect' : 'secureConnect', () => {
      const fingerprint = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
      resolve({ socket, fingerprint });
    });
  });
}

/** One who listens on all addresses is found on loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
