import { equal, ok } from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { isSoundEd25519Point } from '../../src/crypto/ed25519_point.ts';
import { loadPublicKey } from '../../src/crypto/public_key.ts';
import { ed25519Spki } from '../../src/crypto/spki.ts';
import { ALL, bytesOf, edPair, spkiOf } from './keys.ts';

const P = 2n ** 255n - 19n;

/** The eight points of small order, each in its canonical encoding. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

/** Other encodings of points of small order: y of p or more, or a sign for x = 0. */
const SMALL_ORDER_NON_CANONICAL = [
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

function encodeY(y: bigint, sign = 0): Buffer {
  const bytes = Buffer.from(bytesOf(y.toString(16).padStart(64, '0')).toReversed());
  bytes.writeUInt8(bytes.readUInt8(31) | (sign << 7), 31);
  return bytes;
}

function powerOf(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = powerOf((base * base) % P, exponent >> 1n);
  return exponent & 1n ? (half * base) % P : half;
}

function inverse(value: bigint): bigint {
  return powerOf(value, P - 2n);
}

const D = ((P - 121665n) * inverse(121666n)) % P;

/** By the text of RFC 8032 section 5.1.3: is there an x with x² = (y² - 1) / (d·y² + 1)? */
function hasPoint(y: bigint): boolean {
  const xSquared = ((y * y + P - 1n) * inverse((D * y * y + 1n) % P)) % P;
  return xSquared === 0n || powerOf(xSquared, (P - 1n) / 2n) === 1n;
}

/** The y of twice the point, from x² alone: y = (y² + x²) / (1 - d·x²·y²). */
function doubled(y: bigint): bigint {
  const ySquared = (y * y) % P;
  const xSquared = ((ySquared + P - 1n) * inverse((D * ySquared + 1n) % P)) % P;
  return ((ySquared + xSquared) * inverse((P + 1n - ((D * xSquared * ySquared) % P)) % P)) % P;
}

describe('Ed25519 points', () => {
  it('accepts keys that node:crypto makes', () => {
    for (let i = 0; i < 20; i += 1) {
      const spki = spkiOf(edPair());
      ok(isSoundEd25519Point(spki.subarray(12)));
      equal(loadPublicKey(spki, ALL)?.kind, 'Ed25519');
    }
  });

  for (const hex of SMALL_ORDER) {
    it(`refuses the point of small order ${hex.slice(0, 8)}...${hex.slice(-2)}, which OpenSSL loads`, () => {
      const spki = ed25519Spki(bytesOf(hex));
      ok(createPublicKey({ key: spki, format: 'der', type: 'spki' }));
      equal(isSoundEd25519Point(bytesOf(hex)), false);
      equal(loadPublicKey(spki, ALL), undefined);
    });
  }

  it('lists all points of small order: doubled twice, y is 1 or -1', () => {
    equal(new Set(SMALL_ORDER).size, 8);
    for (const hex of SMALL_ORDER) {
      const y = BigInt(`0x${Buffer.from(bytesOf(hex).toReversed()).toString('hex')}`) & (2n ** 255n - 1n);
      ok([1n, P - 1n].includes(doubled(doubled(y))));
    }
  });

  for (const hex of SMALL_ORDER_NON_CANONICAL) {
    it(`refuses its other encoding ${hex.slice(0, 8)}...${hex.slice(-2)}`, () => {
      equal(loadPublicKey(ed25519Spki(bytesOf(hex)), ALL), undefined);
    });
  }

  it('refuses every y that is not below p', () => {
    for (let y = P; y < 2n ** 255n; y += 1n) {
      for (const sign of [0, 1]) equal(loadPublicKey(ed25519Spki(encodeY(y, sign)), ALL), undefined);
    }
  });

  it('accepts a y exactly if the curve has a point there', () => {
    const outcomes = new Set<boolean>();
    for (let y = 2n; y < 60n; y += 1n) {
      for (const value of [y, P - y]) {
        outcomes.add(hasPoint(value));
        equal(isSoundEd25519Point(encodeY(value)), hasPoint(value));
        equal(isSoundEd25519Point(encodeY(value, 1)), hasPoint(value));
      }
    }
    equal(outcomes.size, 2);
  });

  it('refuses other lengths', () => {
    const point = spkiOf(edPair()).subarray(12);
    for (const bytes of [Buffer.alloc(0), point.subarray(1), Buffer.concat([point, Buffer.alloc(1)])]) {
      equal(isSoundEd25519Point(bytes), false);
    }
  });
});
