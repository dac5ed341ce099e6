import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/temporary_folder.ts';

const GENERATE = fileURLToPath(new URL('fixtures/generate.ts', import.meta.url));
const TYPES = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

const COMPILER_OPTIONS = {
  target: 'es2024', module: 'nodenext', types: ['node'], typeRoots: [TYPES], strict: true, noEmit: true,
  allowImportingTsExtensions: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true, skipLibCheck: true,
};
const run = promisify(execFile);

/** A client that @hey-api/openapi-ts has made of a document, with code of its user. */
export interface GeneratedClient<Calls> extends Disposable {
  /** What the user's code exports. */
  readonly calls: Calls;
  /** Type-checks both; what the compiler objects to, empty if nothing. */
  compile(): Promise<string>;
}

/** Makes a client of the document in a file, and `calls.ts` beside it, which imports it from `./client/`. */
export async function generateClient<Calls>(document: string, calls: string): Promise<GeneratedClient<Calls>> {
  const folder = temporaryFolder('generated');
  const at = (name: string): string => join(folder.path, name);
  await run(process.execPath, [GENERATE, document, at('client')]);
  writeFileSync(at('package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(at('tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['.'] }));
  writeFileSync(at('calls.ts'), calls);
  return {
    calls: (await import(pathToFileURL(at('calls.ts')).href)) as Calls,
    compile: async () => (await run(TSC, ['-p', folder.path]).catch((error: { stdout: string }) => error)).stdout,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
