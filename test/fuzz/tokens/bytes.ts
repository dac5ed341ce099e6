import { BinaryReader } from '@bufbuild/protobuf/wire';
import { DeviceTokenServiceService as Service } from '../../../gen/keyturn/v1/device_token_service.ts';
import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import type { GrpcMethod } from '../../wire/grpc.ts';
import type { Random } from '../random.ts';
import { REFRESH } from './calls.ts';
import { goodJwt, unsignedJwt } from './jwts.ts';
import type { TokenMaterial } from './material.ts';

/** A message of bytes that may be none, with a proof that holds, and the code of the answer. */
export interface BytesCall {
  readonly method: GrpcMethod<object, object>;
  readonly headers: readonly (readonly [string, string])[];
  readonly bytes: Buffer;
  readonly code: number;
}

const CODES = { ok: 0, invalid: 3, notFound: 5, denied: 7, unauthenticated: 16 };
const ODD = ['', '08', '0a', '0aff', '0affffffff0f', '0a80808080808080808001', '0a01', '0b', '0c', '07', '0a0161120162', '1a0161', '080a', '0a02c328', '0a03eda080', '120161120162', '0a0100', '00', 'ffffffffffffffffffff01', '0a8100', '3a00'].map((hex) => Buffer.from(hex, 'hex'));

/** A call of one of the four methods, or of GetDeviceKeySet, whose message was changed blindly. */
export function drawBytes(random: Random, material: TokenMaterial): BytesCall {
  const operator = material.checkers.find(({ may }) => may === 'all')?.authorization ?? '';
  switch (random.below(5)) {
    case 0: {
      const device = random.pick(material.devices.filter(({ frozen }) => !frozen));
      const headers = goodJwt(random, device).make().map((value) => ['authorization', value] as const);
      return call(random, Service.issueToken as never, headers, { clientId: device.id, scope: device.scopes.join(' ') }, (message) => codeOfAsking(message, device.id, device.scopes));
    }
    case 1: {
      const token = random.pick(material.tokens.filter((one) => one.counts && !one.isExhausted && !one.isOfSecret && one.scopes.includes(REFRESH)));
      return call(random, Service.renewToken as never, [['authorization', token.text]], { clientId: token.deviceId, scope: '' }, (message) => codeOfAsking(message, token.deviceId, token.firstScopes));
    }
    case 2:
      return call(random, Service.introspectToken as never, [], { token: random.pick(material.tokens).text }, ({ token = '' }) => (token !== '' && token.length <= 4_096 ? CODES.ok : CODES.invalid));
    case 3:
      return call(random, Service.verifyDeviceJwt as never, [['authorization', operator]], { jwt: unsignedJwt(random.pick(material.devices).id) }, ({ jwt }) => (jwt === '' ? CODES.invalid : CODES.ok));
    default: {
      const ids = material.keySets.map(({ deviceId }) => deviceId);
      return call(random, OperatorServiceService.getDeviceKeySet as never, [['authorization', operator]], { deviceId: random.pick(ids), includeRetired: random.oneIn(2) }, ({ deviceId = '' }) =>
        deviceId.includes('\0') ? CODES.invalid : ids.includes(deviceId) ? CODES.ok : CODES.notFound,
      );
    }
  }
}

function call(random: Random, method: GrpcMethod<object, object> & { requestDeserialize: (bytes: never) => object }, headers: BytesCall['headers'], message: object, codeOf: (message: Record<string, string>) => number): BytesCall {
  const whole = method.requestSerialize(message);
  const bytes = random.oneIn(4) ? random.pick(ODD) : random.oneIn(4) ? Buffer.concat([whole, random.pick(ODD)]) : changed(random, whole);
  return { method, headers, bytes, code: codeOfBytes(bytes, (reader) => method.requestDeserialize(reader as never) as Record<string, string>, codeOf) };
}

/** Text that is not UTF-8 is no message. */
function codeOfBytes(bytes: Buffer, decode: (reader: BinaryReader) => Record<string, string>, codeOf: (message: Record<string, string>) => number): number {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let message: Record<string, string>;
  try {
    message = decode(new BinaryReader(bytes, (text) => utf8.decode(text)));
  } catch {
    return CODES.invalid;
  }
  return codeOf(message);
}

function changed(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0 && copy.length > 0; count -= 1) copy[random.below(copy.length)] = random.below(256);
  return random.oneIn(3) ? copy.subarray(0, random.below(copy.length + 1)) : copy;
}

/** By section 8.1: the form, the device, the scope. */
function codeOfAsking({ clientId = '', scope = '' }: Record<string, string>, deviceId: string, allowed: readonly string[]): number {
  const words = scope === '' ? [] : scope.split(' ');
  if (!isText(clientId) || scope.includes('\0') || scope.length > 1_024 || words.includes('')) return CODES.invalid;
  if (clientId !== deviceId) return CODES.unauthenticated;
  return words.every((word) => allowed.includes(word)) ? CODES.ok : CODES.denied;
}

function isText(text: string): boolean {
  return text !== '' && !text.includes('\0');
}
