import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { RestClient } from '../wire/rest.ts';

/** A server of examples/resource_server, in a process of its own. Disposing of it kills it. */
export interface ExampleServer extends AsyncDisposable {
  readonly url: string;
  /** What it has written to standard error. */
  readonly stderr: () => string;
}

export function exampleAt(name: string): string {
  return fileURLToPath(new URL(`../../examples/resource_server/${name}.mjs`, import.meta.url));
}

/** Starts an example on a free port, with nothing of our own environment but PATH, and waits until it is ready. */
export async function startExample(name: string, settings: Readonly<Record<string, string>>): Promise<ExampleServer> {
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', ...settings };
  const child = spawn(process.execPath, [exampleAt(name)], { env, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  const ended = once(child, 'close');
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => [])]);
  const url = /^ready on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(first[0]))?.[1];
  if (url === undefined) throw new Error(`${name} did not start: ${stderr}`);
  return {
    url,
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

/** What a server answers to a request with these values of Authorization, each in a header of its own. */
export async function visit({ url }: ExampleServer, ...authorization: readonly string[]): Promise<{ status: number; body: Record<string, string>; challenge: string | null }> {
  using client = new RestClient(url);
  const { status, body, headers } = await client.send({ target: '/', body: '{"celsius":21}', headers: authorization.map((value) => ['Authorization', value]) });
  return { status, body: JSON.parse(body) as Record<string, string>, challenge: headers.get('www-authenticate')?.join() ?? null };
}
