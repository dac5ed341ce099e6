import { progress } from './figures.ts';
import type { Figure } from './figures.ts';
import { IDENTITY_PARTS } from './identity/kinds.ts';
import type { IdentityPart } from './identity/kinds.ts';
import { PARTS, readOptions } from './options.ts';
import type { Options, Part } from './options.ts';
import { measureEcho, profileEcho } from './parts/echo.ts';
import { measureIdentities, profileIdentities } from './parts/identity.ts';
import { profileRotations } from './parts/profile.ts';
import { measureSecrets, profileSecrets } from './parts/secrets.ts';
import { measureScale } from './parts/scale.ts';
import { measureStart } from './parts/start.ts';
import { measureThroughput } from './parts/throughput.ts';
import { measureTokens, profileTokens } from './parts/tokens.ts';
import { describeEnvironment, tableOf, writeJson } from './report.ts';
import { TOKEN_PARTS } from './tokens/kinds.ts';
import type { TokenPart } from './tokens/kinds.ts';
import { Workbench } from './workbench.ts';

const MEASURE: Readonly<Record<Part, (bench: Workbench, options: Options) => Promise<Figure[]>>> = {
  rest: (bench, options) => measureThroughput(bench, 'rest', options),
  grpc: (bench, options) => measureThroughput(bench, 'grpc', options),
  'reset-token': (bench, options) => measureSecrets(bench, 'reset-token', options),
  'reset-signature': (bench, options) => measureSecrets(bench, 'reset-signature', options),
  'device-auth': (bench, options) => measureSecrets(bench, 'device-auth', options),
  'key-bind': (bench, options) => measureIdentities(bench, 'key-bind', options),
  'scope-put': (bench, options) => measureIdentities(bench, 'scope-put', options),
  'scope-repeat': (bench, options) => measureIdentities(bench, 'scope-repeat', options),
  token: (bench, options) => measureTokens(bench, 'token', options),
  introspect: (bench, options) => measureTokens(bench, 'introspect', options),
  verify: (bench, options) => measureTokens(bench, 'verify', options),
  echo: measureEcho,
  scale: measureScale,
  start: measureStart,
};

async function run(bench: Workbench, options: Options): Promise<void> {
  if (options.profile !== undefined) {
    process.stdout.write(`${await profileOf(bench, options.profile, options)}\n`);
    return;
  }
  const figures: Figure[] = [];
  for (const part of options.only === undefined ? PARTS : [options.only]) figures.push(...(await MEASURE[part](bench, options)));
  const environment = describeEnvironment(bench, options);
  process.stdout.write(`${tableOf(figures, environment)}\n`);
  if (options.json !== undefined) await writeJson(options.json, figures, environment);
}

function profileOf(bench: Workbench, what: NonNullable<Options['profile']>, options: Options): Promise<string> {
  if (what === 'echo') return profileEcho(bench, options);
  if (what === 'rest' || what === 'grpc') return profileRotations(bench, what, options);
  if (isOfTokens(what)) return profileTokens(bench, what, options);
  return isOfIdentities(what) ? profileIdentities(bench, what, options) : profileSecrets(bench, what, options);
}

function isOfIdentities(part: Part): part is IdentityPart {
  return (IDENTITY_PARTS as readonly Part[]).includes(part);
}

function isOfTokens(part: Part): part is TokenPart {
  return (TOKEN_PARTS as readonly Part[]).includes(part);
}

const options = readOptions();
const bench = await Workbench.open();
let signalled = 0;
for (const [signal, exitCode] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
  process.on(signal, () => {
    signalled = exitCode;
    // What the run waits for rejects, and so the run ends.
    void bench[Symbol.asyncDispose]();
  });
}
try {
  await run(bench, options);
} catch (error) {
  process.exitCode = 1;
  if (signalled === 0) progress(error instanceof Error ? error.message : String(error));
} finally {
  await bench[Symbol.asyncDispose]();
}
if (signalled !== 0) process.exitCode = signalled;
