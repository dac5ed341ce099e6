import { createHash, sign } from 'node:crypto';
import type { KeyKind } from '../../src/crypto/algorithms.ts';
import { ecdsaDer, tlv } from '../crypto/keys.ts';
import { EVERY_ALGORITHM } from './harness.ts';
import type { Update, WireRequest } from './harness.ts';
import { type Form, newPair, proof, proofBytes } from './jwt.ts';
import { all, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

/** Another proof in place of the good one. */
const pop = (make: (update: Update) => string | undefined) => (update: Update): WireRequest => ({ pop: make(update) });
const bytes = (make: (update: Update) => Buffer) => pop((update) => make(update).toString('base64'));

const KINDS: readonly KeyKind[] = ['P-256', 'P-384', 'Ed25519', 'RSA'];
const forms = (want: Readonly<Record<Form, Row['want']>>): Row[] =>
  KINDS.flatMap((kind) =>
    (['A', 'B', 'C'] as const).map((form): Row => ({ name: `form ${form} by ${kind}`, want: want[form], update: { kind, form } })),
  );

const ENCODING: readonly Row[] = [
  { name: 'standard alphabet, padded', want: 'OK', request: pop(({ pop: text }) => text) },
  { name: 'standard alphabet, not padded', want: 'OK', request: pop(({ pop: text }) => text.replace(/=+$/, '')) },
  { name: 'URL-safe, not padded', want: 'OK', request: pop(({ pop: text }) => Buffer.from(text, 'base64').toString('base64url')) },
  { name: 'URL-safe, padded', want: 'OK', request: pop(({ pop: text }) => text.replaceAll('+', '-').replaceAll('/', '_')) },
];

const MALFORMED_TEXT: readonly Row[] = all('E400', [
  { name: 'missing', request: pop(() => undefined) },
  { name: 'empty', request: pop(() => '') },
  { name: 'not base64', request: pop(() => 'not base64!') },
  { name: 'a line break at the end', request: pop(({ pop: text }) => `${text}\n`) },
  { name: 'a line break within', request: pop(({ pop: text }) => `${text.slice(0, 64)}\r\n${text.slice(64)}`) },
  { name: 'a space at the start', request: pop(({ pop: text }) => ` ${text}`) },
  { name: 'both alphabets', request: bothAlphabets },
  { name: 'padding in the middle', request: pop(({ pop: text }) => `${text.slice(0, 4)}=${text.slice(4)}`) },
  { name: 'padding too long', request: pop(({ pop: text }) => `${text.replace(/=+$/, '')}===`) },
  { name: 'a lone letter more', request: pop(({ pop: text }) => `${text.replace(/=+$/, '').padEnd(100, 'A')}A`) },
  { name: 'hex', request: pop(({ pop: text }) => Buffer.from(text, 'base64').toString('hex')) },
  { name: 'NUL at the end', request: pop(({ pop: text }) => `${text}\0`) },
  { name: '1 character', request: pop(() => 'A') },
  { name: '2048 characters', request: pop(() => 'A'.repeat(2048)) },
  { name: '2049 characters', request: pop(() => 'A'.repeat(2049)) },
  { name: 'the good one with 2049 characters', request: pop(({ pop: text }) => text.padEnd(2049, '=')) },
]);

/** A DER that is refused for its form anyhow would prove nothing: signs until the text has letters of both alphabets. */
function bothAlphabets(update: Update): WireRequest {
  for (;;) {
    const text = proof(update.jwt, update.next);
    const mixed = text.replace('+', '-');
    if (mixed !== text && /[+/]/.test(mixed)) return { pop: mixed };
  }
}

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const signed = ({ jwt, next }: Update): Buffer => proofBytes(jwt, next);

const MALFORMED_DER: readonly Row[] = all('E400', [
  { name: 'raw R and S, 64 bytes', request: bytes(({ jwt, next }) => sign('sha256', Buffer.from(jwt), { key: next.privateKey, dsaEncoding: 'ieee-p1363' })) },
  { name: 'a byte left over', request: bytes((update) => Buffer.concat([signed(update), Buffer.alloc(1)])) },
  { name: 'a byte too few', request: bytes((update) => signed(update).subarray(0, -1)) },
  { name: 'a long form of the length', request: bytes((update) => Buffer.concat([Buffer.from([0x30, 0x81]), signed(update).subarray(1)])) },
  { name: 'R with a zero too many', request: bytes(() => tlv(0x30, Buffer.from('02020001', 'hex'), Buffer.from('020101', 'hex'))) },
  { name: 'R negative', request: bytes(() => tlv(0x30, Buffer.from('0201ff', 'hex'), Buffer.from('020101', 'hex'))) },
  { name: 'three integers', request: bytes(() => tlv(0x30, ...Array.from({ length: 3 }, () => Buffer.from('020101', 'hex')))) },
  { name: 'an empty sequence', request: bytes(() => tlv(0x30)) },
  { name: 'an octet string', request: bytes((update) => tlv(0x04, signed(update))) },
  { name: 'R = 0', request: bytes(() => ecdsaDer(0n, 1n)) },
  { name: 'S = 0', request: bytes(() => ecdsaDer(1n, 0n)) },
  { name: 'R = n', request: bytes(() => ecdsaDer(N, 1n)) },
  { name: 'S = n', request: bytes(() => ecdsaDer(1n, N)) },
  { name: 'S = n + 1', request: bytes(() => ecdsaDer(1n, N + 1n)) },
], 'PROOF_OF_POSSESSION_MALFORMED');

const other = newPair();
const MISMATCH: readonly Row[] = all('E403', [
  { name: 'by another key', request: pop(({ jwt }) => proof(jwt, other)) },
  { name: 'by the old key', request: pop(({ jwt, device }) => proof(jwt, device.pair)) },
  { name: 'over another JWT', request: pop(({ next }) => proof('a.b.c', next)) },
  { name: 'over the JWT with its scheme word', request: pop(({ jwt, next }) => proof(`Bearer ${jwt}`, next)) },
  { name: 'over the JWT without its signature', request: pop(({ jwt, next }) => proof(jwt.slice(0, jwt.lastIndexOf('.')), next)) },
  { name: 'over the JWT and a line break', request: pop(({ jwt, next }) => proof(`${jwt}\n`, next)) },
  { name: 'with SHA-384', request: bytes(({ jwt, next }) => sign('sha384', Buffer.from(jwt), next.privateKey)) },
  { name: 'form C while it is off', request: pop(({ jwt, next }) => proof(jwt, next, 'C')) },
  { name: 'R = 1, S = 1', request: bytes(() => ecdsaDer(1n, 1n)) },
  { name: 'R and S = n - 1', request: bytes(() => ecdsaDer(N - 1n, N - 1n)) },
], 'PROOF_OF_POSSESSION_MISMATCH');

describe('section 6: the proof of possession', () => {
  runRows(withBench(), [...ENCODING, ...MALFORMED_TEXT, ...MALFORMED_DER, ...MISMATCH, { name: 'high S', want: 'OK', request: bytes(({ jwt, next }) => highS(proofBytes(jwt, next))) }]);
});

/** The same signature with the larger of both S. */
function highS(der: Buffer): Buffer {
  const rEnd = 4 + (der[3] ?? 0);
  const r = BigInt(`0x${der.subarray(4, rEnd).toString('hex')}`);
  const s = BigInt(`0x${der.subarray(rEnd + 2).toString('hex')}`);
  return ecdsaDer(r, s > N / 2n ? s : N - s);
}

describe('section 6: forms and kinds of key', () => {
  runRows(withBench(EVERY_ALGORITHM), [
    ...forms({ A: 'OK', B: 'OK', C: 'E403' }),
    { name: 'P-384 with SHA-384', want: 'E403', update: { kind: 'P-384' }, request: bytes(({ jwt, next }) => sign('sha384', Buffer.from(jwt), next.privateKey)) },
    { name: 'P-384, S = n of P-256', want: 'E403', update: { kind: 'P-384' }, request: bytes(() => ecdsaDer(1n, N)) },
    { name: 'P-384, raw R and S', want: 'E400', update: { kind: 'P-384' }, request: bytes(({ jwt, next }) => sign('sha256', Buffer.from(jwt), { key: next.privateKey, dsaEncoding: 'ieee-p1363' })) },
    { name: 'RSA with PSS', want: 'OK', update: { kind: 'RSA' }, request: bytes(({ jwt, next }) => proofBytes(jwt, next, 'A', true)) },
    { name: 'RSA with PSS, form B', want: 'OK', update: { kind: 'RSA' }, request: bytes(({ jwt, next }) => proofBytes(jwt, next, 'B', true)) },
    { name: 'RSA, a byte short', want: 'E400', update: { kind: 'RSA' }, request: bytes((update) => signed(update).subarray(1)) },
    { name: 'RSA, a byte more', want: 'E400', update: { kind: 'RSA' }, request: bytes((update) => Buffer.concat([Buffer.alloc(1), signed(update)])) },
    { name: 'RSA, another signature', want: 'E403', update: { kind: 'RSA' }, request: bytes((update) => signed(update).fill(7, 1)) },
    { name: 'RSA, the signature 2^2048 - 1', want: 'E403', update: { kind: 'RSA' }, request: bytes(() => Buffer.alloc(256, 0xff)) },
    { name: 'Ed25519, 63 bytes', want: 'E400', update: { kind: 'Ed25519' }, request: bytes((update) => signed(update).subarray(1)) },
    { name: 'Ed25519, 65 bytes', want: 'E400', update: { kind: 'Ed25519' }, request: bytes((update) => Buffer.concat([signed(update), Buffer.alloc(1)])) },
    { name: 'Ed25519 in DER', want: 'E400', update: { kind: 'Ed25519' }, request: bytes((update) => tlv(0x04, signed(update))) },
    { name: 'Ed25519, zeros', want: 'E403', update: { kind: 'Ed25519' }, request: bytes(() => Buffer.alloc(64)) },
  ]);
});

describe('section 6: form C switched on', () => {
  runRows(withBench({ ...EVERY_ALGORITHM, KEYTURN_IOTHENTIX_POP_HEX_TEXT: 'on' }), [
    ...forms({ A: 'OK', B: 'OK', C: 'OK' }),
    { name: 'form C in upper case', want: 'E403', request: upperC },
  ]);
});

function upperC({ jwt, next }: Update): WireRequest {
  const lower = proofText(jwt);
  return { pop: sign('sha256', Buffer.from(lower.toUpperCase()), next.privateKey).toString('base64') };
}

function proofText(jwt: string): string {
  return createHash('sha256').update(jwt).digest('hex');
}

describe('section 6: RSA proofs by one enabled scheme', () => {
  runRows(withBench({ KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,PS256' }), [
    { name: 'PSS is on', want: 'OK', update: { kind: 'RSA' }, request: bytes(({ jwt, next }) => proofBytes(jwt, next, 'A', true)) },
    { name: 'PKCS#1 v1.5 is off', want: 'E403', update: { kind: 'RSA' } },
  ]);
});
