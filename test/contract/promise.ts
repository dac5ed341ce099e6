import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { Fault, FieldRules, Query } from '../../gen/keyturn/options/v1/options.ts';
import type { MethodRules, ReasonRules, ServiceRules } from '../../gen/keyturn/options/v1/options.ts';
import { readOption } from '../../src/contract/image.ts';
import type { Contract, Method, Service } from '../../src/contract/model.ts';
import { patternOf } from '../../src/transport/rest/binding/checks.ts';
import { compileRoutes } from '../../src/transport/rest/index.ts';

/** What of a service, a method or a reason never changes once it is released. */
const FIXED = {
  service: ['envelope', 'otherMethods', 'challenge', 'fallbackEnvelope', 'ownRequestIds'],
  // VENDOR takes members that STRICT refuses, but not the JSON names and the 64-bit integers as text that STRICT takes.
  method: ['caller', 'jsonInput', 'jsonNames', 'jsonUnset', 'statuses', 'responseMediaType', 'permission', 'projectField', 'refusesJwt'],
  reason: ['envelope', 'code', 'httpStatus', 'word', 'sentence', 'title', 'gatewayWord', 'gatewaySentence'],
} as const satisfies { service: readonly (keyof ServiceRules)[]; method: readonly (keyof MethodRules)[]; reason: readonly (keyof ReasonRules)[] };

/** What of a method may get more members, and loses none. */
const GROWING = ['mediaTypes', 'contentCodings', 'ignoredQueryKeys', 'requestHeaders', 'responseHeaders', 'responseForms'] as const satisfies readonly (keyof MethodRules)[];

/** The rules of a field that callers set: how its value is read. */
const FIELD = ['formSpaceIsPlus', 'required', 'pattern', 'maxLength', 'maxItems', 'anyText'] as const satisfies readonly (keyof FieldRules)[];

/**
 * Every member of the four rules, as what is compared below, and what nobody relies on: `defaults` are in the methods,
 * calls may get further `reasons`, `get_or_delete_body` only says that a route is meant, `expects` and `example` are for people.
 */
export const JUDGED: Readonly<Record<'ServiceRules' | 'MethodRules' | 'ReasonRules' | 'FieldRules', readonly string[]>> = {
  ServiceRules: [...FIXED.service, 'pathPrefixes', 'defaults'],
  MethodRules: [...FIXED.method, ...GROWING, 'query', 'maxBodyBytes', 'emptyBody', 'grpcOnly', 'maxAgeSeconds', 'reasons', 'getOrDeleteBody'],
  ReasonRules: [...FIXED.reason, 'faults'],
  FieldRules: [...FIELD, 'expects', 'example'],
};

/**
 * What breaks callers of a released contract and `buf breaking` does not see, because it is in the options: a line each.
 * A service, method, field or enum value that is gone is left to `buf breaking`.
 */
export function brokenPromises(released: Contract, now: Contract): string[] {
  const broken: string[] = [];
  const services = new Map(now.services.map((service) => [service.desc.typeName, service]));
  for (const service of released.services) {
    const same = services.get(service.desc.typeName);
    if (same !== undefined) broken.push(...ofService(service, same), ...ofMethods(service, same));
  }
  for (const [number, reason] of released.reasons) {
    const same = now.reasons.get(number);
    if (same === undefined) broken.push(`reason ${reason.name} is gone`);
    else broken.push(...ofReason(reason.rules, same.rules).map((what) => `reason ${reason.name}: ${what}`));
  }
  broken.push(...ofFields(released, now), ...ofNewRoutes(released, now));
  return broken;
}

function ofService({ desc, rules }: Service, now: Service): string[] {
  const gone = rules.pathPrefixes.filter((prefix) => !now.rules.pathPrefixes.includes(prefix));
  return [...changesOf(FIXED.service, rules, now.rules).map((name) => `${name} has changed`), ...gone.map((prefix) => `owns ${prefix} no more`)].map((what) => `${desc.name}: ${what}`);
}

function ofMethods(released: Service, now: Service): string[] {
  const methods = new Map(now.methods.map((method) => [method.path, method]));
  return released.methods.flatMap((method) => {
    const same = methods.get(method.path);
    return same === undefined ? [] : [...ofRules(method, same), ...ofRoutes(method, same)].map((what) => `${method.path}: ${what}`);
  });
}

function ofRules({ rules }: Method, { rules: now }: Method): string[] {
  const broken = changesOf(FIXED.method, rules, now).map((name) => `${name} has changed`);
  for (const name of GROWING) {
    const members = new Set((now[name] as readonly unknown[]).map((member) => JSON.stringify(member)));
    const gone = (rules[name] as readonly unknown[]).map((member) => JSON.stringify(member)).filter((member) => !members.has(member));
    broken.push(...gone.map((member) => `${name} has no ${member} any more`));
  }
  // A query that is ignored takes everything, but what has counted counts no more.
  if (now.query !== rules.query && !(rules.query === Query.QUERY_BOUND && now.query === Query.QUERY_KNOWN)) broken.push('query is read in another way');
  if (rules.maxAgeSeconds > 0 && now.maxAgeSeconds === 0) broken.push('has no entity tag any more');
  if (now.maxBodyBytes < rules.maxBodyBytes) broken.push('max_body_bytes is smaller');
  if (rules.emptyBody === true && now.emptyBody !== true) broken.push('takes no empty body any more');
  if (rules.grpcOnly !== true && now.grpcOnly === true) broken.push('is served over REST no more');
  return broken;
}

function ofRoutes({ http }: Method, now: Method): string[] {
  const routes = now.http.map(routeOf);
  const released = http.map(routeOf);
  const gone = released.filter((route) => !routes.includes(route)).map((route) => `has no route ${route} any more`);
  // Operation ids and the methods of REST clients count the routes.
  const isMoved = gone.length === 0 && released.some((route, index) => routes[index] !== route);
  return isMoved ? ['its routes have another order'] : gone;
}

function routeOf(rule: Method['http'][number]): string {
  const { method, template } = patternOf(rule);
  return [method, template, rule.body || '-', rule.responseBody || '-'].join(' ');
}

/** What goes wrong may get a reason of its own where it had that of something else, and keeps the one that it had. */
function ofReason(rules: ReasonRules, now: ReasonRules): string[] {
  const gone = rules.faults.filter((fault) => !now.faults.includes(fault)).map((fault) => `stands for ${nameOf(fault)} no more`);
  return [...changesOf(FIXED.reason, rules, now).map((name) => `${name} has changed`), ...gone];
}

function nameOf(fault: Fault): string | undefined {
  return Object.entries(Fault).find(([, number]) => number === fault)?.[0];
}

/** A route with a word where a released one takes any text would take the requests of that. No id has the colon of a verb. */
function ofNewRoutes(released: Contract, now: Contract): string[] {
  const [old, all] = [released, now].map(({ services }) => services.flatMap(({ methods }) => methods.flatMap(({ http }) => http.map(patternOf))));
  if (old === undefined || all === undefined) return [];
  const routes = compileRoutes(old);
  return all.filter(({ method, template }) => !/:[^/}]*$/.test(template) && !old.some((each) => each.method === method && each.template === template)).flatMap(({ method, template }) => {
    const found = routes.match(method, template.replaceAll(/\{[^}=]*(?:=([^}]*))?\}/g, (_, segments: string | undefined) => segments ?? '*').replaceAll(/\*+/g, '0'));
    return found.kind === 'match' ? [`${method} ${template} takes requests of ${old[found.index]?.template}`] : [];
  });
}

/** Rules of fields that callers set may get looser and never stricter; what is always in an answer stays in it. */
function ofFields(released: Contract, now: Contract): string[] {
  const inputs = new Set<DescMessage>();
  const outputs = new Set<DescMessage>();
  for (const { desc } of released.services.flatMap(({ methods }) => methods)) {
    collect(desc.input, inputs);
    collect(desc.output, outputs);
  }
  return [
    ...pairs(inputs, now).flatMap(([field, same]) => ofField(rulesOf(released, field), rulesOf(now, same)).map((what) => `${pathOf(field)}: ${what}`)),
    ...pairs(outputs, now).flatMap(([field, same]) => (rulesOf(released, field).required && !rulesOf(now, same).required ? [`${pathOf(field)}: may be away from answers`] : [])),
    ...[...inputs].flatMap((message) => newFields(message, now).flatMap((field) => (rulesOf(now, field).required ? [`${pathOf(field)}: is new and required`] : []))),
  ];
}

/** The fields of released messages, each with what it is now. */
function pairs(messages: ReadonlySet<DescMessage>, { image }: Contract): [DescField, DescField][] {
  return [...messages].flatMap((message) => {
    const same = image.registry.getMessage(message.typeName);
    return message.fields.flatMap((field): [DescField, DescField][] => {
      const counterpart = same?.fields.find(({ number }) => number === field.number);
      return counterpart === undefined ? [] : [[field, counterpart]];
    });
  });
}

function newFields(message: DescMessage, { image }: Contract): DescField[] {
  const numbers = new Set(message.fields.map(({ number }) => number));
  return image.registry.getMessage(message.typeName)?.fields.filter(({ number }) => !numbers.has(number)) ?? [];
}

function pathOf({ parent, name }: DescField): string {
  return `${parent.typeName}.${name}`;
}

function ofField(rules: FieldRules, now: FieldRules): string[] {
  const broken: string[] = [];
  if (now.required && !rules.required) broken.push('is required now');
  if (now.pattern !== '' && now.pattern !== rules.pattern) broken.push('its pattern has changed');
  if (isLower(now.maxLength, rules.maxLength)) broken.push('max_length is smaller');
  if (isLower(now.maxItems, rules.maxItems)) broken.push('max_items is smaller');
  if (now.formSpaceIsPlus !== rules.formSpaceIsPlus) broken.push('a space in a form is read otherwise');
  if (rules.anyText && !now.anyText) broken.push('takes U+0000 no more');
  return broken;
}

/** Of two limits, 0 being none. */
function isLower(limit: number, than: number): boolean {
  return limit > 0 && (than === 0 || limit < than);
}

function rulesOf({ image }: Contract, field: DescField): FieldRules {
  return readOption(image, field, 'keyturn.options.v1.field', FieldRules) ?? FieldRules.create();
}

function collect(message: DescMessage, into: Set<DescMessage>): void {
  if (into.has(message)) return;
  into.add(message);
  for (const field of message.fields) if (field.message !== undefined) collect(field.message, into);
}

function changesOf<T extends object>(names: readonly (keyof T & string)[], released: T, now: T): string[] {
  return names.filter((name) => JSON.stringify(released[name]) !== JSON.stringify(now[name]));
}
