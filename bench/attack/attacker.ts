import { GRPC_ATTACKS } from './attacks/grpc.ts';
import { IDENTITY_ATTACKS } from './attacks/identity.ts';
import { REST_ATTACKS } from './attacks/rest.ts';
import { TLS_ATTACKS } from './attacks/tls.ts';
import { TOKEN_ATTACKS } from './attacks/tokens.ts';
import { newTally } from './protocol.ts';
import type { Attack, Target } from './protocol.ts';

/** The attacker's process: its arguments are the attack and its target as JSON; it tells what it has done when it is asked. */
const ATTACKS: Readonly<Record<string, Attack>> = { ...REST_ATTACKS, ...IDENTITY_ATTACKS, ...TOKEN_ATTACKS, ...GRPC_ATTACKS, ...TLS_ATTACKS };
const [name = '', target = ''] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`there is no attack ${name}`);
const tally = newTally();
process.on('message', () => process.send?.(tally));
process.on('disconnect', () => process.exit(0));
attack(JSON.parse(target) as Target, tally);
