import { issue } from '../support/certificates.ts';

/** A self-signed certificate for 127.0.0.1 with its key, both PEM. */
export function selfSigned(): { cert: string; key: string } {
  return issue({ isAuthority: true, notAfter: 3_600_000 });
}
