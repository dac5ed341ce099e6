import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('fixtures/huaweicloud_process.ts', import.meta.url));

/** How a user of the vendor's SDK sets up a client. */
export interface VendorClient {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Without one the SDK asks for the project that is called like the region. */
  readonly projectId?: string | undefined;
  readonly region?: string | undefined;
  /** Signs by V11-HMAC-SHA256, which needs a region. */
  readonly derived: boolean;
}

/** A request as the vendor's generated clients hand it to the core package. */
export interface VendorRequest {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  readonly queryParams: object;
  readonly pathParams: object;
  readonly headers: object;
  readonly data?: object | undefined;
  readonly responseHeaders?: readonly string[];
}

export interface VendorOrder {
  readonly id: number;
  readonly client: VendorClient;
  readonly options: VendorRequest;
}

/** What the SDK gives its user: the members of the body with `httpStatusCode`, or an exception. */
export type VendorAnswer =
  | { readonly ok: true; readonly response: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: VendorError };

/** The members of the SDK's exceptions. */
export interface VendorError {
  readonly name: string;
  readonly message: string;
  readonly httpStatusCode: number;
  readonly errorCode: string | number;
  readonly errorMsg: string;
  readonly requestId: string;
}

/** The vendor's core package in a process of its own, whose home and working folder are a scratch folder, for it writes files to both. */
export class VendorSdk implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'keyturn-vendor-'));
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: VendorAnswer) => void>();
  #serial = 0;
  #output = '';

  constructor() {
    const env = { PATH: process.env['PATH'], HOME: this.#folder };
    this.#child = fork(PROCESS, { env, cwd: this.#folder, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => void (this.#output += chunk.toString()));
    this.#child.on('message', ({ id, ...answer }: VendorAnswer & { id: number }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** What it has written to its home. */
  get files(): string[] {
    return readdirSync(this.#folder, { recursive: true }).map(String).toSorted();
  }

  send(client: VendorClient, options: VendorRequest): Promise<VendorAnswer> {
    const id = ++this.#serial;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, client, options } satisfies VendorOrder, (error) => error && reject(error));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => void this.#child.once('close', resolve));
      this.#child.kill();
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
