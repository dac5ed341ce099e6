import { sign } from 'node:crypto';
import { ecPair, integer, spkiOf, tlv } from '../crypto/keys.ts';

const [SEQUENCE, SET, OID, BIT_STRING, OCTET_STRING, UTF8, TIME, BOOLEAN] = [0x30, 0x31, 0x06, 0x03, 0x04, 0x0c, 0x18, 0x01];
const oid = (hex: string): Buffer => tlv(OID, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = tlv(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALT_NAME = oid('551d11');

/** A self-signed certificate for 127.0.0.1 with its key, both PEM (RFC 5280 section 4.1). */
export function selfSigned(): { cert: string; key: string } {
  const pair = ecPair('P-256');
  const name = tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, COMMON_NAME, tlv(UTF8, Buffer.from('test')))));
  const extension = (id: Buffer, ...content: Buffer[]): Buffer => tlv(SEQUENCE, id, tlv(OCTET_STRING, tlv(SEQUENCE, ...content)));
  const extensions = tlv(0xa3, tlv(
    SEQUENCE,
    extension(BASIC_CONSTRAINTS, tlv(BOOLEAN, Buffer.from([0xff]))),
    extension(ALT_NAME, tlv(0x87, Buffer.from([127, 0, 0, 1]))),
  ));
  const body = tlv(
    SEQUENCE, tlv(0xa0, integer(2n)), integer(1n), ECDSA_WITH_SHA256, name,
    tlv(SEQUENCE, time(-60_000), time(3_600_000)), name, spkiOf(pair), extensions,
  );
  const signature = tlv(BIT_STRING, Buffer.alloc(1), sign('sha256', body, pair.privateKey));
  const der = tlv(SEQUENCE, body, ECDSA_WITH_SHA256, signature);
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** GeneralizedTime, so many milliseconds from now. */
function time(offset: number): Buffer {
  return tlv(TIME, Buffer.from(new Date(Date.now() + offset).toISOString().replaceAll(/[-:T]|\.\d+/g, '')));
}
