import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ExitCode, Failure, messageOf } from './failure.ts';

/** A certificate chain of one's own with its key, PEM. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The certificates of a PEM file. Throws a Failure that names the file. */
export function readCertificates(file: string): string {
  try {
    const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
    if (blocks === null) throw new Error('it holds none as PEM');
    // Read here already: a connection would pass over what it cannot read, and trust nobody.
    return blocks.map((pem) => new X509Certificate(pem).toString()).join('');
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read certificates from ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** A certificate and the key that belongs to it. Throws a Failure that names the file at fault. */
export function readOwnCertificate(files: { readonly cert: string; readonly key: string }): OwnCertificate {
  const cert = readCertificates(files.cert);
  const key = readKey(files.key);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new Failure(ExitCode.USAGE, `${files.key} is not the key of the certificate in ${files.cert}`);
  }
  return { cert, key };
}

function readKey(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    createPrivateKey(text);
    return text;
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read a private key from ${file}: ${messageOf(error)}`, { cause: error });
  }
}
