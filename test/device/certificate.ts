import { issue } from '../support/certificates.ts';

export interface CertificateOptions {
  /** When it begins and ends, milliseconds from now. */
  readonly begins?: number;
  readonly ends?: number;
  /** Whether it names a host. */
  readonly hasName?: boolean;
}

/** A self-signed certificate for 127.0.0.1 with its key, both PEM. */
export function selfSigned({ begins = -60_000, ends = 3_600_000, hasName = true }: CertificateOptions = {}): { cert: string; key: string } {
  return issue({ isAuthority: true, notBefore: begins, notAfter: ends, hasHost: hasName });
}
