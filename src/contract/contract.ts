import type { DescMessage, DescMethod, DescService } from '@bufbuild/protobuf';
import { HttpRule } from '../../gen/google/api/http.ts';
import { MethodRules, ReasonRules, ServiceRules } from '../../gen/keyturn/options/v1/options.ts';
import { checkMethod, checkReasons, checkService } from './check.ts';
import { checkMessages } from './check_messages.ts';
import { faultsOf } from './faults.ts';
import { httpStatusOf } from './http_status.ts';
import { readOption } from './image.ts';
import type { Image } from './image.ts';
import type { Contract, Method, Reason, Service } from './model.ts';

/**
 * Makes the contract of an image: every service of `packageName`, with every
 * reason of its enum `ErrorReason`. Throws one error that lists every hole: a
 * method without a caller, a service without an envelope, an envelope without a
 * reason for a fault, a reason without a sentence, an unknown word. A reason
 * without an HTTP status gets that of its gRPC code.
 */
export function compileContract(image: Image, packageName: string): Contract {
  const holes: string[] = [];
  const reasons = readReasons(image, packageName, holes);
  const services: Service[] = [];
  for (const file of image.registry.files) {
    if (file.proto.package !== packageName) continue;
    const found: string[] = [];
    for (const desc of file.services) services.push(compileService(image, desc, reasons, found));
    for (const hole of found) holes.push(`${file.proto.name}: ${hole}`);
  }
  const seen = new Set<DescMessage>();
  for (const { desc } of services.flatMap((service) => service.methods)) {
    for (const message of [desc.input, desc.output]) checkMessages(message, seen, holes);
  }
  if (services.length === 0) holes.push(`package ${packageName} has no service`);
  if (holes.length > 0) throw new Error(`the contract has holes:\n  ${holes.join('\n  ')}`);
  return { image, services, reasons };
}

function readReasons(image: Image, packageName: string, holes: string[]): Map<number, Reason> {
  const reasons = new Map<number, Reason>();
  const desc = image.registry.getEnum(`${packageName}.ErrorReason`);
  if (desc === undefined) throw new Error(`the image defines no enum ${packageName}.ErrorReason`);
  for (const value of desc.values) {
    const rules = readOption(image, value, 'keyturn.options.v1.reason', ReasonRules);
    if (value.number === 0) continue;
    if (rules === undefined) {
      holes.push(`${value.name} has no wire mapping: set (keyturn.options.v1.reason)`);
      continue;
    }
    const name = value.name.replace(/^ERROR_REASON_/, '');
    const httpStatus = rules.httpStatus || httpStatusOf(rules.code);
    reasons.set(value.number, { name, domain: packageName.replace(/\..*/, ''), number: value.number, rules: { ...rules, httpStatus } });
  }
  checkReasons([...reasons.values()], holes);
  return reasons;
}

function compileService(
  image: Image,
  desc: DescService,
  reasons: ReadonlyMap<number, Reason>,
  holes: string[],
): Service {
  const rules = readOption(image, desc, 'keyturn.options.v1.service', ServiceRules) ?? ServiceRules.create();
  const methods: Method[] = [];
  const service: Service = { desc, rules, faults: faultsOf(rules, reasons), methods };
  checkService(service, holes);
  for (const method of desc.methods) {
    const compiled = compileMethod(image, method, service, reasons, holes);
    checkMethod(compiled, holes);
    methods.push(compiled);
  }
  return service;
}

function compileMethod(
  image: Image,
  desc: DescMethod,
  service: Service,
  reasons: ReadonlyMap<number, Reason>,
  holes: string[],
): Method {
  const own = readOption(image, desc, 'keyturn.options.v1.method', MethodRules) ?? MethodRules.create();
  const rules = override(service.rules.defaults ?? MethodRules.create(), own);
  const http = readOption(image, desc, 'google.api.http', HttpRule);
  const allowed = new Set<Reason>(service.faults.values());
  for (const name of rules.reasons) {
    const reason = [...reasons.values()].find((candidate) => candidate.name === name);
    if (reason === undefined) holes.push(`${desc.toString()}: ${name} is not a reason`);
    else if (![service.rules.envelope, service.rules.fallbackEnvelope].includes(reason.rules.envelope)) holes.push(`${desc.toString()}: ${name} is of another envelope`);
    else allowed.add(reason);
  }
  return {
    desc,
    service,
    path: `/${desc.parent.typeName}/${desc.name}`,
    rules,
    reasons: allowed,
    isStream: desc.methodKind === 'server_streaming',
    http: http === undefined ? [] : [http, ...http.additionalBindings],
  };
}

/** What the method states wins; lists are joined. */
function override(defaults: MethodRules, own: MethodRules): MethodRules {
  return {
    caller: own.caller || defaults.caller,
    maxBodyBytes: own.maxBodyBytes || defaults.maxBodyBytes,
    mediaTypes: [...defaults.mediaTypes, ...own.mediaTypes],
    jsonInput: own.jsonInput || defaults.jsonInput,
    emptyBody: own.emptyBody ?? defaults.emptyBody,
    jsonNames: own.jsonNames || defaults.jsonNames,
    jsonUnset: own.jsonUnset || defaults.jsonUnset,
    query: own.query || defaults.query,
    statuses: own.statuses.length > 0 ? own.statuses : defaults.statuses,
    reasons: [...defaults.reasons, ...own.reasons],
    responseHeaders: [...defaults.responseHeaders, ...own.responseHeaders],
    requestHeaders: [...defaults.requestHeaders, ...own.requestHeaders],
    getOrDeleteBody: own.getOrDeleteBody ?? defaults.getOrDeleteBody,
    ignoredQueryKeys: [...defaults.ignoredQueryKeys, ...own.ignoredQueryKeys],
    contentCodings: [...defaults.contentCodings, ...own.contentCodings],
    responseMediaType: own.responseMediaType || defaults.responseMediaType,
    permission: own.permission || defaults.permission,
    projectField: own.projectField || defaults.projectField,
    grpcOnly: own.grpcOnly ?? defaults.grpcOnly,
    responseForms: [...defaults.responseForms, ...own.responseForms],
    refusesJwt: own.refusesJwt || defaults.refusesJwt,
    maxAgeSeconds: own.maxAgeSeconds || defaults.maxAgeSeconds,
  };
}
