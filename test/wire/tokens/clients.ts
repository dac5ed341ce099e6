import { scryptSync } from 'node:crypto';

/** The setting `introspect_clients` with passwords by name, made without Keyturn, and so cheap that tests are quick. */
export function clientsSetting(passwords: Readonly<Record<string, string>>): string {
  const clients = Object.entries(passwords).map(([name, password], index) => {
    const salt = Buffer.alloc(16, index + 1);
    const key = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
    return { name, password_hash: `$scrypt$ln=10,r=8,p=1$${unpadded(salt)}$${unpadded(key)}` };
  });
  return JSON.stringify(clients);
}

/** An Authorization value with a name and password (RFC 7617). */
export function basicOf(name: string, password: string, scheme = 'Basic'): string {
  return `${scheme} ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
