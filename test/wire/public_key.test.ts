import { randomBytes } from 'node:crypto';
import { type Pair, ecPair, spkiOf, tlv } from '../crypto/keys.ts';
import { EVERY_ALGORITHM } from './harness.ts';
import type { Draft } from './jwt.ts';
import { newPair, oneLine, pemOf } from './jwt.ts';
import { all, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const BEGIN = '-----BEGIN PUBLIC KEY-----';
const END = '-----END PUBLIC KEY-----';
const set = (value: unknown) => (draft: Draft) => void (draft.payload['public_key'] = value);

/** Rewrites the new key's one-line PEM. */
const rewrite = (write: (pem: string) => string) => (draft: Draft) => set(write(String(draft.payload['public_key'])))(draft);
/** Rewrites the new key's DER. */
const der = (write: (spki: Buffer) => Buffer) =>
  rewrite((pem) => oneLine(write(Buffer.from(pem.slice(BEGIN.length, -END.length), 'base64'))));

const lines = (pem: string, end: string): string => `${BEGIN}${end}${pem.slice(BEGIN.length, -END.length).replaceAll(/.{1,64}/g, `$&${end}`)}${END}`;

const GOOD: readonly Row[] = [
  { name: 'lines by LF', want: 'OK', edit: rewrite((pem) => lines(pem, '\n')) },
  { name: 'lines by LF and one at the end', want: 'OK', edit: rewrite((pem) => `${lines(pem, '\n')}\n`) },
  { name: 'lines by CR LF', want: 'OK', edit: rewrite((pem) => lines(pem, '\r\n')) },
  { name: 'lines by CR LF and one at the end', want: 'OK', edit: rewrite((pem) => `${lines(pem, '\r\n')}\r\n`) },
  { name: 'white space around', want: 'OK', edit: rewrite((pem) => ` \t\r\n${pem}\n \t`) },
  { name: 'white space within the base64', want: 'OK', edit: rewrite((pem) => pem.replace('MFkw', 'M F\tk\nw')) },
];

const TEXT: readonly Row[] = all('E400', [
  { name: 'missing', edit: (draft) => void delete draft.payload['public_key'] },
  { name: 'null', edit: set(null) },
  { name: 'a number', edit: set(1) },
  { name: 'a list of the PEM', edit: (draft) => set([draft.payload['public_key']])(draft) },
  { name: 'an object', edit: set({ kty: 'EC' }) },
  { name: 'empty', edit: set('') },
  { name: 'a JWK as text', edit: set(JSON.stringify(newPair().publicKey.export({ format: 'jwk' }))) },
  { name: 'without markers', edit: rewrite((pem) => pem.slice(BEGIN.length, -END.length)) },
  { name: 'without the first marker', edit: rewrite((pem) => pem.slice(BEGIN.length)) },
  { name: 'without the last marker', edit: rewrite((pem) => pem.slice(0, -END.length)) },
  { name: 'markers in lower case', edit: rewrite((pem) => pem.replace(BEGIN, BEGIN.toLowerCase())) },
  { name: 'another label', edit: rewrite((pem) => pem.replaceAll('PUBLIC KEY', 'EC PUBLIC KEY')) },
  { name: 'labelled as a certificate', edit: rewrite((pem) => pem.replaceAll('PUBLIC KEY', 'CERTIFICATE')) },
  { name: 'text before', edit: rewrite((pem) => `x${pem}`) },
  { name: 'text after', edit: rewrite((pem) => `${pem}x`) },
  { name: 'two keys', edit: rewrite((pem) => pem + pem) },
  { name: 'nothing between the markers', edit: set(BEGIN + END) },
  { name: 'the base64 without its padding', edit: rewrite((pem) => pem.replace('==', '')) },
  { name: 'the base64 URL-safe', edit: rewrite((pem) => pem.replace('MFkwEwYHKoZIzj0CAQYI', '-_kwEwYHKoZIzj0CAQYI')) },
  { name: 'a foreign character', edit: rewrite((pem) => pem.replace('MFkw', 'MFkw!')) },
  { name: 'unused bits set', edit: rewrite((pem) => pem.replace(/.==/, (end) => (end === 'A==' ? 'B==' : 'R=='))) },
  { name: 'a no-break space within', edit: rewrite((pem) => pem.replace('MFkw', 'MF\u00A0kw')) },
  { name: 'a byte order mark before', edit: rewrite((pem) => `\uFEFF${pem}`) },
], 'PUBLIC_KEY_INVALID');

/** A SubjectPublicKeyInfo of P-256 with the point in another form. */
function withPoint(spki: Buffer, point: Buffer): Buffer {
  return tlv(0x30, spki.subarray(2, 23), tlv(0x03, Buffer.alloc(1), point));
}

const swap = (spki: Buffer, from: number, to: Buffer): Buffer => Buffer.concat([spki.subarray(0, from), to, spki.subarray(from + to.length)]);

const DER: readonly Row[] = all('E400', [
  { name: 'a byte left over', edit: der((spki) => Buffer.concat([spki, Buffer.alloc(1)])) },
  { name: 'a byte too few', edit: der((spki) => spki.subarray(0, -1)) },
  { name: 'a compressed point', edit: der((spki) => withPoint(spki, Buffer.concat([Buffer.from([2 + ((spki.at(-1) ?? 0) & 1)]), spki.subarray(27, 59)]))) },
  { name: 'a hybrid point', edit: der((spki) => swap(spki, 26, Buffer.from([6 + ((spki.at(-1) ?? 0) & 1)]))) },
  { name: 'a point off the curve', edit: der((spki) => swap(spki, 90, Buffer.from([(spki.at(-1) ?? 0) ^ 1]))) },
  { name: 'x not reduced', edit: der((spki) => swap(spki, 27, Buffer.alloc(32, 0xff))) },
  { name: 'the point at infinity', edit: der((spki) => withPoint(spki, Buffer.alloc(1))) },
  { name: 'a point of zeros', edit: der((spki) => swap(spki, 27, Buffer.alloc(64))) },
  { name: 'a long form of the length', edit: der((spki) => Buffer.concat([Buffer.from([0x30, 0x81]), spki.subarray(1)])) },
  { name: 'an indefinite length', edit: der((spki) => Buffer.concat([Buffer.from([0x30, 0x80]), spki.subarray(2), Buffer.alloc(2)])) },
  { name: 'unused bits in the bit string', edit: der((spki) => swap(spki, 25, Buffer.from([1]))) },
  { name: 'the curve spelled out', edit: set(oneLine(explicitSpki(ecPair('P-256')))) },
  { name: 'secp256k1', edit: set(oneLine(spkiOf(ecPair('secp256k1')))) },
  { name: 'P-521', edit: set(oneLine(spkiOf(ecPair('P-521')))) },
  { name: 'random bytes', edit: set(oneLine(randomBytes(91))) },
  { name: 'a private key (PKCS#8) under the public label', edit: set(oneLine(newPair().privateKey.export({ type: 'pkcs8', format: 'der' }))) },
  { name: '8000 letters of base64', edit: set(`${BEGIN}${'A'.repeat(4000)}${END}`) },
], 'PUBLIC_KEY_INVALID');

/** id-ecPublicKey with ECParameters in place of the curve's name is too long to spell here: parameters NULL stand for it. */
function explicitSpki(pair: Pair): Buffer {
  const algorithm = tlv(0x30, Buffer.from('06072a8648ce3d02010500', 'hex'));
  return tlv(0x30, algorithm, tlv(0x03, Buffer.alloc(1), spkiOf(pair).subarray(26)));
}

/** A bad key is seen only once the JWT has verified. */
const UNVERIFIED: readonly Row[] = [...TEXT, ...DER].map(({ name, edit }, index) => ({
  name: `${name}, and the JWT does not verify`,
  want: 'E401',
  wires: [index % 2 === 0 ? 'rest' : 'grpc'],
  edit(draft, bench) {
    edit?.(draft, bench);
    draft.signer = stranger.privateKey;
  },
}));
const stranger = newPair();

describe('section 5.2: the new key', () => {
  runRows(withBench(), [...GOOD, ...TEXT, ...DER, ...UNVERIFIED]);
});

const RSA_PSS = '300b06092a864886f70d01010a';
const ORDER_8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
const ed = (point: string): string => oneLine(Buffer.from(`302a300506032b6570032100${point}`, 'hex'));
const rsa = newPair('RSA');

function rsaSpki(write: { modulus?: Buffer; exponent?: string; algorithm?: string }): string {
  const modulus = write.modulus ?? spkiOf(rsa).subarray(33, 33 + 256);
  const key = tlv(0x30, tlv(0x02, Buffer.alloc(1), modulus), Buffer.from(write.exponent ?? '0203010001', 'hex'));
  return oneLine(tlv(0x30, Buffer.from(write.algorithm ?? '300d06092a864886f70d0101010500', 'hex'), tlv(0x03, Buffer.alloc(1), key)));
}

const MODULUS_1024 = Buffer.concat([Buffer.from([0x80]), randomBytes(126), Buffer.from([1])]);
const OTHERS: readonly Row[] = all('E400', [
  { name: 'Ed25519, the neutral point', edit: set(ed(`01${'00'.repeat(31)}`)) },
  { name: 'Ed25519, a point of order 2', edit: set(ed(`ec${'ff'.repeat(30)}7f`)) },
  { name: 'Ed25519, a point of order 4', edit: set(ed('00'.repeat(32))) },
  { name: 'Ed25519, a point of order 8', edit: set(ed(ORDER_8)) },
  { name: 'Ed25519, y = p + 1', edit: set(ed(`ee${'ff'.repeat(30)}7f`)) },
  { name: 'Ed25519, y = p + 3, not canonical', edit: set(ed(`f0${'ff'.repeat(30)}7f`)) },
  { name: 'Ed25519 with NULL parameters', edit: set(oneLine(Buffer.from(`302c300706032b65700500032100${'07'.repeat(32)}`, 'hex'))) },
  { name: 'X25519', edit: set(oneLine(Buffer.from(`302a300506032b656e032100${'07'.repeat(32)}`, 'hex'))) },
  { name: 'RSA of 1024 bits', edit: set(rsaSpki({ modulus: MODULUS_1024 })) },
  { name: 'RSA of 2047 bits', edit: set(rsaSpki({ modulus: Buffer.concat([Buffer.from([0x40]), randomBytes(254), Buffer.from([1])]) })) },
  { name: 'RSA with an even modulus', edit: set(rsaSpki({ modulus: Buffer.concat([Buffer.from([0x80]), randomBytes(254), Buffer.from([2])]) })) },
  { name: 'RSA of 4104 bits', edit: set(rsaSpki({ modulus: Buffer.concat([Buffer.from([0x80]), randomBytes(511), Buffer.from([1])]) })) },
  { name: 'RSA with exponent 3', edit: set(rsaSpki({ exponent: '020103' })) },
  { name: 'RSA with exponent 65539', edit: set(rsaSpki({ exponent: '0203010003' })) },
  { name: 'RSA without NULL', edit: set(rsaSpki({ algorithm: '300b06092a864886f70d010101' })) },
  { name: 'id-RSASSA-PSS', edit: set(rsaSpki({ algorithm: RSA_PSS })) },
], 'PUBLIC_KEY_INVALID');

const KINDS: readonly Row[] = (['P-384', 'Ed25519', 'RSA'] as const).flatMap((kind): Row[] => [
  { name: `from P-256 to ${kind}`, want: 'OK', update: { kind } },
  { name: `to ${kind} in lines`, want: 'OK', update: { kind }, edit: rewrite((pem) => lines(pem, '\n')) },
]);

describe('section 5.2: new keys of the other types', () => {
  runRows(withBench(EVERY_ALGORITHM), [...OTHERS, ...KINDS, { name: 'PEM as OpenSSL writes it', want: 'OK', update: { next: rsa }, wires: ['rest'], edit: set(pemOf(rsa)) }]);
});
