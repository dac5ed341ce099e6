import { constants } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Server as TlsServer, TLSSocket, TlsOptions } from 'node:tls';
import type { TlsMaterial } from '../tls_files.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import type { Cut } from './connections.ts';
import type { Address, Wire } from './listener.ts';

export interface AcceptorParts {
  readonly wire: Wire;
  /** The protocols that the wire speaks, as ALPN names them (RFC 7301), the preferred one first. */
  readonly protocols: readonly string[];
  /** Undefined: no TLS. */
  readonly tls: TlsMaterial | undefined;
  /** Most connections at once. */
  readonly connections: number;
  /** Hears of each connection that was closed for another cause than its own end. */
  readonly cut: (cause: Cut | 'handshake') => void;
}

/** How long a TLS handshake may take, milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000;

/** Listens on an address, does TLS, bounds the connections and hands them to a wire. */
export class Acceptor {
  readonly #parts: AcceptorParts;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  readonly #connections: Connections;
  /** Connections whose TLS handshake is not done. */
  readonly #shaking = new Set<Connection>();
  #closed: Promise<void> | undefined;

  constructor(parts: AcceptorParts) {
    this.#parts = parts;
    this.#connections = new Connections(parts.connections, parts.cut);
    this.#tlsServer = parts.tls && this.#createTlsServer(parts.tls);
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Starts to listen and returns the port. Rejects if the address cannot be had. */
  listen({ host, port }: Address): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** New connections get this certificate; open ones keep theirs. */
  setTls(tls: TlsMaterial): void {
    this.#tlsServer?.setSecureContext(contextOf(tls));
  }

  /** Serves on, but lets go of connections after their next answer. */
  drain(): void {
    this.#parts.wire.drain();
  }

  /** Stops accepting, lets calls in flight finish, and cuts off what remains after the grace, milliseconds. May be called again. */
  close(grace: number): Promise<void> {
    this.#closed ??= this.#close(grace);
    return this.#closed;
  }

  async #close(grace: number): Promise<void> {
    this.#server.close();
    for (const { socket } of this.#shaking) socket.destroy();
    this.#parts.wire.finish();
    const cut = setTimeout(() => this.#connections.destroyAll(), grace);
    await this.#connections.empty();
    clearTimeout(cut);
  }

  #accept(socket: Socket): void {
    const connection = this.#connections.add(socket);
    if (connection === undefined) return;
    if (this.#tlsServer === undefined) return this.#parts.wire.take(connection);
    // Counted from the first byte on: a handshake that never ends holds a connection too.
    this.#shaking.add(connection);
    socket.once('close', () => this.#shaking.delete(connection));
    this.#tlsServer.emit('connection', socket);
  }

  #createTlsServer(tls: TlsMaterial): TlsServer {
    const options: TlsOptions = {
      ...contextOf(tls),
      ALPNProtocols: [...this.#parts.protocols],
      requestCert: tls.ca !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
    };
    const server = createTlsServer(options, (socket) => this.#secure(socket));
    server.on('tlsClientError', (_error, socket) => {
      this.#parts.cut('handshake');
      socket.destroy();
    });
    return server;
  }

  #secure(socket: TLSSocket): void {
    const connection = this.#connections.find(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    this.#shaking.delete(connection);
    connection.socket = socket;
    this.#parts.wire.take(connection);
  }
}

function contextOf({ cert, key, ca }: TlsMaterial): TlsOptions {
  const context: TlsOptions = { cert, key, minVersion: 'TLSv1.2' };
  // Without tickets every connection shows its certificate to the authorities of now, not to those of its ticket.
  return ca === undefined ? context : { ...context, ca, secureOptions: constants.SSL_OP_NO_TICKET };
}
