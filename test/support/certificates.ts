import { randomBytes, sign } from 'node:crypto';
import { ecPair, integer, spkiOf, tlv } from '../crypto/keys.ts';
import type { Pair } from '../crypto/keys.ts';

const [SEQUENCE, SET, OID, BIT_STRING, OCTET_STRING, UTF8, TIME, BOOLEAN] = [0x30, 0x31, 0x06, 0x03, 0x04, 0x0c, 0x18, 0x01];
const oid = (hex: string): Buffer => tlv(OID, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = tlv(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALT_NAME = oid('551d11');
const EXTENDED_KEY_USAGE = oid('551d25');
const PURPOSES = { server: oid('2b06010505070301'), client: oid('2b06010505070302') };

/** A certificate with its key, both PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly pair: Pair;
}

export interface IssueOptions {
  readonly name?: string;
  /** Who signs; itself unless given. */
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  readonly purpose?: keyof typeof PURPOSES;
  /** When it begins and ends, milliseconds from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Whether it names a host. */
  readonly hasHost?: boolean;
  readonly pair?: Pair;
}

/** A certificate for 127.0.0.1 and localhost (RFC 5280 section 4.1), signed by an ECDSA key. */
export function issue(options: IssueOptions = {}): Issued {
  const { name = 'test', issuer, isAuthority = false, purpose, pair = ecPair('P-256'), hasHost = true } = options;
  const { notBefore = -86_400_000, notAfter = 90 * 86_400_000 } = options;
  const constraints = isAuthority ? [tlv(BOOLEAN, Buffer.from([0xff]))] : [];
  const extensions = tlv(0xa3, tlv(
    SEQUENCE,
    extension(BASIC_CONSTRAINTS, ...constraints),
    ...(hasHost ? [extension(ALT_NAME, tlv(0x87, Buffer.from([127, 0, 0, 1])), tlv(0x82, Buffer.from('localhost')))] : []),
    ...(purpose === undefined ? [] : [extension(EXTENDED_KEY_USAGE, PURPOSES[purpose])]),
  ));
  const serial = integer(BigInt(`0x01${randomBytes(8).toString('hex')}`));
  const body = tlv(
    SEQUENCE, tlv(0xa0, integer(2n)), serial, ECDSA_WITH_SHA256, distinguished(issuer?.name ?? name),
    tlv(SEQUENCE, time(notBefore), time(notAfter)), distinguished(name), spkiOf(pair), extensions,
  );
  const signature = tlv(BIT_STRING, Buffer.alloc(1), sign('sha256', body, (issuer?.pair ?? pair).privateKey));
  return { cert: pemOf(tlv(SEQUENCE, body, ECDSA_WITH_SHA256, signature)), key: keyPem(pair), name, pair };
}

/** An authority of its own name. */
export function authority(name = `authority ${randomBytes(4).toString('hex')}`): Issued {
  return issue({ name, isAuthority: true });
}

function keyPem({ privateKey }: Pair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function extension(id: Buffer, ...content: Buffer[]): Buffer {
  return tlv(SEQUENCE, id, tlv(OCTET_STRING, tlv(SEQUENCE, ...content)));
}

function distinguished(name: string): Buffer {
  return tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, COMMON_NAME, tlv(UTF8, Buffer.from(name)))));
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** GeneralizedTime, so many milliseconds from now. */
function time(offset: number): Buffer {
  return tlv(TIME, Buffer.from(new Date(Date.now() + offset).toISOString().replaceAll(/[-:T]|\.\d+/g, '')));
}
