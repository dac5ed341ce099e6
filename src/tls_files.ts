import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** The files that a listener's TLS is made of. Absolute. */
export interface TlsPaths {
  /** The certificate chain, the listener's own first, PEM. */
  readonly cert: string;
  /** Its private key, PEM without a passphrase. */
  readonly key: string;
  /** The authorities whose client certificates are accepted, PEM; given: no connection without one. */
  readonly clientCa: string | undefined;
}

/** What the files held. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  /** When the first certificate of the chain or the authorities ends. */
  readonly notAfter: Date;
}

/** Files that cannot be used: every fault, each with the setting that names the file. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

/** Reads and checks the files: that they can be read, are what they should be, and that the key is the certificate's. Throws a TlsError. */
export function readTlsFiles(paths: TlsPaths): TlsMaterial {
  const faults: string[] = [];
  const read = <T>(setting: string, path: string, parse: (text: string) => T): { text: string; parsed: T } | undefined => {
    try {
      const text = readFileSync(path, 'utf8');
      return { text, parsed: parse(text) };
    } catch (error) {
      faults.push(`${setting} ${path} ${error instanceof Error ? explain(error) : String(error)}`);
      return undefined;
    }
  };
  const cert = read('KEYTURN_TLS_CERT', paths.cert, parseCertificates);
  const key = read('KEYTURN_TLS_KEY', paths.key, parseKey);
  const ca = paths.clientCa === undefined ? undefined : read('KEYTURN_TLS_CLIENT_CA', paths.clientCa, parseCertificates);
  if (cert !== undefined && key !== undefined && cert.parsed[0]?.checkPrivateKey(key.parsed) !== true) {
    faults.push(`KEYTURN_TLS_KEY ${paths.key} is not the key of the certificate in ${paths.cert}`);
  }
  if (faults.length === 0 && cert !== undefined && key !== undefined) faults.push(...contextFaults(cert.text, key.text, ca?.text));
  if (faults.length > 0 || cert === undefined || key === undefined) throw new TlsError(faults);
  const ends = [...cert.parsed, ...(ca?.parsed ?? [])].map(({ validToDate }) => validToDate.getTime());
  return { cert: cert.text, key: key.text, ca: ca?.text, notAfter: new Date(Math.min(...ends)) };
}

/** What changes when a file is written anew or replaced; files that are missing at the moment have a state too. */
export function tlsFilesState({ cert, key, clientCa }: TlsPaths): string {
  return [cert, key, ...(clientCa === undefined ? [] : [clientCa])]
    .map(fileState)
    .join('\n');
}

function fileState(path: string): string {
  try {
    // With the time of the last change of any kind: a copy may keep the time of its original.
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** What OpenSSL has against them, such as a key that is too small. */
function contextFaults(cert: string, key: string, ca: string | undefined): string[] {
  try {
    createSecureContext(ca === undefined ? { cert, key } : { cert, key, ca });
    return [];
  } catch (error) {
    return [`KEYTURN_TLS_CERT cannot be used: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** The certificates of a PEM text. Throws an Error if there is none. */
export function parseCertificates(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  if (blocks === null) throw new Error('holds no certificate as PEM');
  return blocks.map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw new Error(`holds a certificate that cannot be read, the ${index + 1}. of ${blocks.length}`, { cause: error });
    }
  });
}

function parseKey(text: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new Error('holds no private key as PEM');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) throw new Error('is encrypted: keys with a passphrase are not taken');
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new Error('holds a private key that cannot be read', { cause: error });
  }
}

function explain(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES') return 'may not be read';
  if (code === undefined) return error.message;
  return `cannot be used: ${error.message}`;
}
