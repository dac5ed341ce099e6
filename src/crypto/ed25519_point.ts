/** The field and the curve constant of edwards25519 (RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n;
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;

/** One of the y of the points of order 8, a root of d·y⁴ + 2·y² = 1; the other is its negative. */
const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

/** The y of all points of order 1, 4, 2 and 8. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([1n, 0n, P - 1n, Y8, P - Y8]);

/**
 * Whether 32 bytes are the one canonical encoding of a point on edwards25519 that is not of small order (RFC 8032
 * section 5.1.3; contracts/iothentix.md 5.2 point 6). OpenSSL loads any 32 bytes as an Ed25519 key, and under a key of
 * small order one signature can fit many messages.
 */
export function isSoundEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const y = readY(bytes);
  return y < P && !SMALL_ORDER_Y.has(y) && hasX(y);
}

function readY(bytes: Uint8Array): bigint {
  const bigEndian = Buffer.from(bytes.toReversed());
  // The highest bit is the sign of x, not a part of y.
  bigEndian.writeUInt8(bigEndian.readUInt8(0) & 0x7f, 0);
  return BigInt(`0x${bigEndian.toString('hex')}`);
}

/** x² = (y² - 1) / (d·y² + 1) has a solution: a quotient is a square when the product is (Euler's criterion). */
function hasX(y: bigint): boolean {
  const square = (y * y) % P;
  const product = ((square - 1n) * (D * square + 1n)) % P;
  return halfGroupPower(product) === 1n;
}

/** a^((p-1)/2), where (p-1)/2 = 2^254 - 10. A chain of few products: half the time of the plain ladder. */
function halfGroupPower(a: bigint): bigint {
  const ones2 = (squared(a, 1) * a) % P;
  const ones4 = (squared(ones2, 2) * ones2) % P;
  const ones5 = (squared(ones4, 1) * a) % P;
  const ones10 = (squared(ones5, 5) * ones5) % P;
  const ones20 = (squared(ones10, 10) * ones10) % P;
  const ones40 = (squared(ones20, 20) * ones20) % P;
  const ones50 = (squared(ones40, 10) * ones10) % P;
  const ones100 = (squared(ones50, 50) * ones50) % P;
  const ones200 = (squared(ones100, 100) * ones100) % P;
  const ones250 = (squared(ones200, 50) * ones50) % P;
  return (squared(ones250, 4) * squared(ones2, 1)) % P;
}

/** a^(2^times). `ones<n>` above is a^(2^n - 1), an exponent of n binary ones. */
function squared(a: bigint, times: number): bigint {
  let result = a;
  for (let i = 0; i < times; i += 1) result = (result * result) % P;
  return result;
}
