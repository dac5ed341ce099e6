import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { JsonInput } from '../../gen/keyturn/options/v1/options.ts';
import { checkJson, jsonToBytes } from '../../src/contract/json/read.ts';
import type { RoutePlan } from '../../src/generate/rest_client/route_plan.ts';
import { toJsonText } from '../../src/generate/rest_client/runtime/json.ts';
import { nameIn, requestStyleOf } from '../../src/generate/rest_client/style.ts';
import { parseStrictJson } from '../../src/strict_json.ts';
import { serializeRaw } from '../../src/transport/rest/body/raw.ts';
import { compileAnswerWriter } from '../../src/transport/rest/body/writer.ts';
import { plansOf, withEcho } from './echo.ts';
import type { Echo } from './echo.ts';
import { isKey, randomRequest } from './random_requests.ts';

const RUNS = 60;

/** A request with what its message is meant to be. */
interface Meant {
  readonly request: unknown;
  readonly bytes: Uint8Array;
}

describe('what a generated client sends', () => {
  const echo = withEcho();

  it('is understood as the message that was meant, and the answer read as it was written, over every route of a contract with everything', async function () {
    this.timeout(300_000);
    const plans = plansOf(echo().generated);
    assert.ok(plans.length > 100, `${plans.length} routes`);
    for (const plan of plans) await assertUnderstood(echo(), plan);
  });
});

async function assertUnderstood(echo: Echo, plan: RoutePlan): Promise<void> {
  const { desc, path, service, isStream } = plan.method;
  const codec = Object.values(echo.generated.definitions.get(service.desc.typeName) ?? {}).find((definition) => definition.path === path) ?? assert.fail(path);
  const normal = (bytes: Uint8Array): string => codec.requestSerialize(codec.requestDeserialize(Buffer.from(bytes))).toString('hex');
  const write = compileAnswerWriter(echo.generated.contract.image, plan.method, plan.responseField);
  await fc.assert(
    fc.asyncProperty(meantFor(echo, plan), async ({ request, bytes }) => {
      echo.seen.length = 0;
      const called = echo.call(plan, request);
      if (isStream) for await (const message of called) assert.fail(`${desc.name} has sent ${JSON.stringify(message)}`);
      const answer = isStream ? undefined : await called.withResponse().catch(acceptNull);
      const [{ path: reached, request: read } = assert.fail('nothing has come'), ...more] = echo.seen;
      assert.deepEqual([reached, more], [path, []], plan.name);
      assert.equal(normal(codec.requestSerialize(read)), normal(bytes), `${plan.name} ${toJsonText(request)}`);
      if (answer?.['mediaType'] !== 'application/json' || plan.raw !== undefined) return;
      const { content } = write(read, codec.responseSerialize);
      assert.deepEqual(answer['content'], parseStrictJson(Buffer.from(content)), plan.name);
    }),
    { numRuns: RUNS },
  );
}

/** The answer of an echo may lack the message that a route is to answer with. */
function acceptNull(error: Error): undefined {
  if (!error.message.endsWith('the answer is null')) throw error;
  return undefined;
}

function meantFor({ generated }: Echo, plan: RoutePlan): fc.Arbitrary<Meant> {
  const { method, raw } = plan;
  const { registry } = generated.contract.image;
  const { input } = method.desc;
  const style = requestStyleOf(method);
  const toBytes = (json: unknown): Uint8Array => jsonToBytes(input, checkJson(input, asJson(json), style.isVendor ? JsonInput.JSON_INPUT_VENDOR : JsonInput.JSON_INPUT_STRICT, registry), registry);
  // Where a body may be missing, none is an empty message.
  const empty = plan.body?.optional === true && input.fields.some((field) => field.fieldKind === 'message' && nameIn(field, style) === plan.body?.of) ? { [plan.body.of]: {} } : {};
  if (raw === undefined) return wholeOf(plan).map((request) => ({ request, bytes: toBytes(isPlain(request) ? { ...empty, ...request } : request) }));
  const { kind, field } = raw;
  const types = method.rules.mediaTypes.includes('*/*') ? ['image/png', 'text/x-odd;a="b"'] : method.rules.mediaTypes;
  const data = kind === 'text' ? fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')) : fc.uint8Array({ maxLength: 20 });
  return fc.tuple(field === undefined ? fc.constant({}) : randomRequest(plan), data, fc.constantFrom(...types)).map(([rest, value, contentType]) => {
    const content = { contentType, data: typeof value === 'string' ? Buffer.from(value) : value };
    const part = kind === 'http_body' ? { contentType, data: value } : value;
    const request = field === undefined ? part : { ...rest, [nameIn(field, style)]: part };
    return { request, bytes: Buffer.concat([toBytes(rest), serializeRaw(kind, field, content)]) };
  });
}

/** What JSON has of a value. */
function asJson(value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  if (Array.isArray(value)) return value.map(asJson);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asJson(member)])) : value;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Messages of google.protobuf that are a request are no objects with members of their own. */
function wholeOf(plan: RoutePlan): fc.Arbitrary<unknown> {
  switch (plan.method.desc.input.typeName) {
    case 'google.protobuf.Struct':
      return fc.dictionary(fc.string({ unit: 'grapheme-ascii' }).filter(isKey), fc.integer());
    case 'google.protobuf.StringValue':
      return fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
    case 'google.protobuf.Value':
      return fc.constantFrom(null, true, 1.5, 'x', [1, 'a'], { a: [null] });
    default:
      return randomRequest(plan);
  }
}
