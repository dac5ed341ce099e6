import { connect } from 'node:tls';
import type { Attack, Tally, Target } from '../protocol.ts';

/** A full handshake, without a ticket of an earlier one, and at once the next. */
function shake(target: Target, tally: Tally): void {
  const { host, http: port, source } = target;
  const socket = connect({ host, port, localAddress: source, rejectUnauthorized: false, maxVersion: 'TLSv1.3' } as object);
  tally.requests += 1;
  socket.once('secureConnect', () => {
    tally.answers += 1;
    tally.connections += 1;
    socket.destroy();
  });
  socket.on('error', () => void (tally.broken += 1));
  socket.once('close', () => setImmediate(() => shake(target, tally)));
}

export const TLS_ATTACKS = {
  handshakes: (target, tally) => {
    for (let count = 0; count < target.connections; count += 1) shake(target, tally);
  },
} satisfies Record<string, Attack>;
