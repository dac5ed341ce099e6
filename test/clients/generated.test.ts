import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { codeTo } from './codes.ts';
import { IdentityKey } from './identity_key.ts';
import { Swagger, asJson, authentiqDocument } from './swagger.ts';

const GENERATE = fileURLToPath(new URL('fixtures/generate.ts', import.meta.url));
const TYPES = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

/**
 * What a user of the generated client writes: the body is an AuthentiqID by its type, and the serializer, an option of the
 * client, makes a JWT of it. Each line after an @ts-expect-error must not compile.
 */
const CALLS = `
import { keyBind, signUpdate } from './client/sdk.gen.ts';
import type { AuthentiqId } from './client/types.gen.ts';

export async function bind(baseUrl: string, id: AuthentiqId, signed: (id: AuthentiqId) => string) {
  const { data, error, response } = await keyBind({ baseUrl, path: { PK: id.sub }, body: id, bodySerializer: (body) => signed(body as AuthentiqId) });
  const status: string | undefined = data?.status;
  const code: number | undefined = error?.error;
  return { status, code, type: error?.type, http: response?.status };
}

export async function countersign(baseUrl: string, job: string) {
  const { data, error, response } = await signUpdate({ baseUrl, path: { job } });
  const jwt: string | undefined = data?.jwt;
  return { status: data?.status, jwt, code: error?.error, type: error?.type, http: response?.status };
}

export const wrong = () => [
  // @ts-expect-error the path lacks PK
  keyBind({ path: {}, body: { sub: '' } }),
  // @ts-expect-error an AuthentiqID has a sub
  keyBind({ path: { PK: '' }, body: { devtoken: '' } }),
  // @ts-expect-error a job is a text
  signUpdate({ path: { job: 20 } }),
];
`;

interface Calls {
  bind(baseUrl: string, id: { sub: string }, signed: (id: object) => string): Promise<object>;
  countersign(baseUrl: string, job: string): Promise<{ jwt?: string }>;
}

const COMPILER_OPTIONS = {
  target: 'es2024', module: 'nodenext', types: ['node'], typeRoots: [TYPES], strict: true, noEmit: true,
  allowImportingTsExtensions: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true, skipLibCheck: true,
};

describe('the client that @hey-api/openapi-ts makes of the document of the Authentiq API', () => {
  let service: TestService;
  let calls: Calls;
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-generated-'));
  const run = promisify(execFile);

  before(async () => {
    service = await startService();
    await run(process.execPath, [GENERATE, authentiqDocument(), join(folder, 'client')]);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['.'] }));
    writeFileSync(join(folder, 'calls.ts'), CALLS);
    calls = (await import(pathToFileURL(join(folder, 'calls.ts')).href)) as Calls;
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is typed', async () => {
    const { stdout } = await run(TSC, ['-p', folder]).catch((error: { stdout: string }) => error);
    assert.equal(stdout, '');
  });

  it('binds a key and has a job countersigned', async () => {
    const swagger = await Swagger.open(service.url);
    const key = new IdentityKey();
    const bind = (claims: object) => calls.bind(service.url, { sub: key.pk, ...claims }, (id) => key.jwt(id));
    assert.deepEqual(await bind({}), { status: undefined, code: 404, type: 'unknown-key', http: 404 });
    await swagger.call('key_register', { requestBody: key.jwt() });
    assert.deepEqual(await bind({ email: 'one@example.com' }), { status: 'confirmed', code: undefined, type: undefined, http: 200 });

    const { body } = await swagger.call('sign_request', { requestBody: key.jwt({ scope: 'email', email: 'one@example.com' }) });
    const { job } = body as { job: string };
    assert.deepEqual(await calls.countersign(service.url, job), { status: undefined, jwt: undefined, code: 409, type: 'confirm-first', http: 409 });
    await swagger.call('sign_confirm', { parameters: { job }, requestBody: asJson({ code: await codeTo(service, 'one@example.com') }) });
    const { jwt = '', ...others } = await calls.countersign(service.url, job);
    assert.deepEqual(others, { status: 'ready', code: undefined, type: undefined, http: 200 });
    const stored = await swagger.call('sign_retrieve', { parameters: { job }, responseContentType: 'application/jwt' });
    assert.equal(jwt, stored.text);
  });

  it('sends an AuthentiqID as JSON if nobody tells it to sign, which is refused', async () => {
    const key = new IdentityKey();
    const unsigned = await calls.bind(service.url, { sub: key.pk }, JSON.stringify);
    assert.deepEqual(unsigned, { status: undefined, code: 400, type: 'bad-request', http: 400 });
  });
});
